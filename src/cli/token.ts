/** The commands that make, list, rotate and revoke access tokens, on a file that no server holds. */

import type { CreatedToken } from "../api/index.js";
import { type OpenOptions, openBuckets } from "../index.js";
import type { FileFlags } from "./keep.js";
import { jsonLine, line, padded } from "./line.js";
import { existingFileOf, fileOf, tellsUpgrade } from "./store.js";
import type { Terminal } from "./terminal.js";

/** Of what is recorded. */
interface ChangeFlags extends FileFlags {
  readonly as?: string;
  readonly reason?: string;
}

export async function createToken(
  terminal: Terminal,
  name: string,
  flags: ChangeFlags & {
    readonly permission: string;
    readonly namespaces?: readonly string[];
    readonly expiresAt?: string;
  },
): Promise<void> {
  await using store = await openBuckets<unknown>(
    changing(terminal, fileOf(terminal, flags), flags),
  );
  const { permission, namespaces, expiresAt, reason } = flags;
  const body = { name, permission, namespaces, expires_at: expiresAt };
  const { replayed: _, ...created } = await store.tokens.create(body, { reason });
  printSecret(terminal, created, flags);
}

function changing(terminal: Terminal, options: OpenOptions, { as: actor }: ChangeFlags) {
  return { ...options, ...tellsUpgrade(terminal), ...(actor !== undefined && { actor }) };
}

function printSecret(terminal: Terminal, made: CreatedToken, { json }: FileFlags): void {
  if (json) {
    terminal.print(jsonLine(made));
    return;
  }
  terminal.printError(line`This token is shown once and kept nowhere:`);
  terminal.print(line`${made.token}`);
}

export async function rotateToken(
  terminal: Terminal,
  name: string,
  flags: ChangeFlags,
): Promise<void> {
  await using store = await openBuckets<unknown>(
    changing(terminal, existingFileOf(terminal, flags), flags),
  );
  const { replayed: _, ...made } = await store.tokens.rotate(name, { reason: flags.reason });
  printSecret(terminal, made, flags);
}

export async function listTokens(
  terminal: Terminal,
  flags: FileFlags & { readonly asOf?: string },
): Promise<void> {
  await using store = await openBuckets<unknown>({
    ...existingFileOf(terminal, flags),
    readOnly: true,
  });
  for (const token of await store.tokens.list({ asOf: flags.asOf })) {
    const { name, permission, namespaces, expires_at: expiresAt } = token;
    const where = namespaces === undefined ? "all namespaces" : namespaces.join(" ");
    const until = expiresAt === undefined ? "" : `  until ${expiresAt}`;
    terminal.print(
      flags.json
        ? jsonLine(token)
        : line`${padded(name, 20)}  ${padded(permission, 6)}  ${where}${until}`,
    );
  }
}

export async function revokeToken(
  terminal: Terminal,
  name: string,
  flags: ChangeFlags,
): Promise<void> {
  await using store = await openBuckets<unknown>(
    changing(terminal, existingFileOf(terminal, flags), flags),
  );
  await store.tokens.revoke(name, { reason: flags.reason });
  terminal.print(line`revoked ${name}`);
}
