/** The page on proofs is true: every command in it runs here as it stands, and prints what it says. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { openBuckets } from "../../src/index.js";
import { temporaryFolder } from "../support/cli.js";
import { runScript } from "../support/shell.js";

const root = new URL("../../", import.meta.url);
const bin = fileURLToPath(new URL("dist/cli/main.js", root));
const page = readFileSync(new URL("src/proofs/README.md", root), "utf8");

/** Commands in their order, each with what it is said to print. */
const steps = [...page.matchAll(/^```sh\n([\s\S]*?)^```$(?:\n\n```text\n([\s\S]*?)^```$)?/gm)].map(
  ([, script = "", says = ""]) => ({ script, says: says.trimEnd() }),
);

/** What others would answer: a time stamp authority of our own, and programs that keep what they are given. */
const others = `
mkdir -p bin node_modules
ln -s "${fileURLToPath(root)}" node_modules/bucketlog
cat > tsa.cnf <<'END'
[ req ]
distinguished_name = name
[ name ]
[ stamping ]
extendedKeyUsage = critical,timeStamping
[ tsa ]
default_tsa = ours
[ ours ]
serial = tsa.serial
default_policy = 1.2.3.4
digests = sha256
signer_digest = sha256
accuracy = secs:1
END
echo 01 > tsa.serial
openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out tsa-ca.pem -subj /CN=ca -days 2 -config tsa.cnf 2>/dev/null
openssl req -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj /CN=tsa -config tsa.cnf 2>/dev/null
openssl x509 -req -in tsa.csr -CA tsa-ca.pem -CAkey ca.key -CAcreateserial -out tsa.pem -days 2 \
  -extfile tsa.cnf -extensions stamping 2>/dev/null
cat > bin/curl <<'END'
#!/bin/sh
exec openssl ts -reply -config tsa.cnf -queryfile /dev/stdin -signer tsa.pem -inkey tsa.key 2>/dev/null
END
for program in aws mail; do
  printf '#!/bin/sh\necho "$@" > %s.called\n' "$program" > "bin/$program"
done
chmod +x bin/*
`;

/** What the README leaves, as far as the page goes on from it. */
async function followReadme(folder: string): Promise<void> {
  await using store = await openBuckets({ file: `${folder}/buckets.db`, actor: "admin" });
  const { buckets } = store.namespace();
  await buckets.create({ bucket_name: "product-videos", bucket_schema: { properties: {} } });
  await buckets.patch("product-videos", { description: "Launch films" });
}

function run(folder: string, script: string) {
  const path = `${folder}/bin:${process.env["PATH"]}`;
  return runScript(script, { cwd: folder, env: { ...process.env, PATH: path }, bin });
}

test("the page has commands", () => {
  expect(steps.length).toBeGreaterThan(3);
});

test("each command of the page does what it says", { timeout: 120_000 }, async () => {
  const folder = temporaryFolder();
  await followReadme(folder);
  expect(await run(folder, others)).toMatchObject({ code: 0 });
  for (const { script, says } of steps) {
    const { code, out } = await run(folder, script);
    expect(code, script).toBe(0);
    expect(out.replaceAll(/log_\w{26}/g, "LOG")).toContain(says);
  }
  const noted = readFileSync(`${folder}/other-disk/checkpoints`, "utf8");
  expect(noted).toContain(readFileSync(`${folder}/notes/checkpoint`, "utf8"));
  expect(readFileSync(`${folder}/aws.called`, "utf8")).toContain("--object-lock-mode COMPLIANCE");
  expect(readFileSync(`${folder}/mail.called`, "utf8")).toContain("2 events");
});
