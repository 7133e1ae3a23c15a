/** The commands that make, list and revoke access tokens, on a file that no server holds. */
import { openBuckets } from "../index.js";
import { print, printError } from "./output.js";

export interface TokenFlags {
  readonly file: string;
  readonly json: boolean;
}

export async function createToken(
  name: string,
  flags: TokenFlags & {
    readonly permission: string;
    readonly namespaces?: readonly string[];
    readonly expiresAt?: string;
  },
): Promise<void> {
  await using store = await openBuckets({ file: flags.file });
  const created = await store.tokens.create({
    name,
    permission: flags.permission,
    namespaces: flags.namespaces,
    expires_at: flags.expiresAt,
  });
  if (flags.json) {
    print(JSON.stringify(created));
    return;
  }
  printError("This token is shown once and kept nowhere:");
  print(created.token);
}

export async function listTokens(flags: TokenFlags): Promise<void> {
  await using store = await openBuckets({ file: flags.file, readOnly: true });
  for (const token of await store.tokens.list()) {
    const { name, permission, namespaces, expires_at: expiresAt } = token;
    const where = namespaces === undefined ? "all namespaces" : namespaces.join(" ");
    const until = expiresAt === undefined ? "" : `  until ${expiresAt}`;
    print(
      flags.json
        ? JSON.stringify(token)
        : `${name.padEnd(20)}  ${permission.padEnd(6)}  ${where}${until}`,
    );
  }
}

export async function revokeToken(name: string, flags: TokenFlags): Promise<void> {
  await using store = await openBuckets({ file: flags.file });
  await store.tokens.revoke(name);
  print(`revoked ${name}`);
}
