/**
 * What must be noticed of proofs and copies: the code with one thing wrong, and the tests that are to fail
 * by it. Each text is in its file once.
 */
export interface Mutation {
  /** What is wrong then. */
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** Files of tests, one of which must fail. */
  readonly tests: readonly string[];
}

const tree = "src/eventstore/tree.ts";
const proofs = "src/service/keys/proofs.ts";
const importing = "src/copies/import-log.ts";
const restoring = "src/copies/restore.ts";
const copying = "src/copies/copy-store.ts";
const ofTree = ["test/eventstore/tree.test.ts"];
const ofProofs = ["test/service/proofs.test.ts"];
const ofLogFiles = ["test/copies/log-files.test.ts"];
const ofBackups = ["test/copies/backup.proof.test.ts"];

export const mutations: readonly Mutation[] = [
  {
    name: "a leaf is hashed without 0x00",
    file: tree,
    find: "return digestOf(leafPrefix, chainHash);",
    replace: "return digestOf(chainHash);",
    tests: ofTree,
  },
  {
    name: "a node is hashed without 0x01",
    file: tree,
    find: "return digestOf(nodePrefix, left, right);",
    replace: "return digestOf(left, right);",
    tests: ofTree,
  },
  {
    name: "a tile is the root of 255",
    file: "src/engines/sqlite/log-tree.ts",
    find: "perfectRoot(hashes.at(level - 1, index * tileWidth, tileWidth))",
    replace:
      "perfectRoot([...hashes.at(level - 1, index * tileWidth, tileWidth - 1), hashes.at(level - 1, index * tileWidth, 1)[0] ?? new Uint8Array()])",
    tests: ofProofs,
  },
  {
    name: "a proof that is too long is taken",
    file: tree,
    find: "if (last === 0) return undefined;",
    replace: "",
    tests: ofTree,
  },
  {
    name: "a proof that is too short is taken",
    file: tree,
    find: "return last === 0 ? sides : undefined;",
    replace: "return sides;",
    tests: ofTree,
  },
  {
    name: "a checkpoint has the root at another size",
    file: proofs,
    find: "const root = treeRoot(tree.hashes, size);",
    replace: "const root = treeRoot(tree.hashes, Math.max(1, size - 1));",
    tests: ofProofs,
  },
  {
    name: "the file of the last note is written after the note",
    file: proofs,
    find: `    signingKey.keepNote(note);
    const signed = { size, root, signedAt: clock(), note };
    await tree.keepCheckpoint(signed);`,
    replace: `    const signed = { size, root, signedAt: clock(), note };
    await tree.keepCheckpoint(signed);
    signingKey.keepNote(note);`,
    tests: ofProofs,
  },
  {
    name: "a log that is shorter than what it has signed is signed",
    file: proofs,
    find: "if (this.#contains(signed, size, name)) return;",
    replace: "if (size < signed.size || this.#contains(signed, size, name)) return;",
    tests: ofProofs,
  },
  {
    name: "another log than what it has signed is signed",
    file: proofs,
    find: "toHex(treeRoot(this.#parts.tree.hashes, signed.size)) === toHex(signed.root)",
    replace: "true",
    tests: ofProofs,
  },
  {
    name: "hashes of a tile that has grown are those of before",
    file: "src/eventstore/log-tree.ts",
    find: "known.length >= count ? known",
    replace: "known.length > 0 ? known",
    tests: ["test/eventstore/remembered-tiles.test.ts"],
  },
  {
    name: "a tile behind one that is gone is taken for it",
    file: "src/engines/sqlite/log-tree.ts",
    find: "idx === from + place",
    replace: "idx >= from + place",
    tests: ofProofs,
  },
  {
    name: "a note of any origin is a checkpoint of it",
    file: "src/proofs/checkpoint.ts",
    find: "if (signedBy.some(({ name }) => name === checkpoint.origin)) return checkpoint;",
    replace: "if (signedBy.length > 0) return checkpoint;",
    tests: ["test/proofs/event-proof.test.ts", "test/copies/log-files.test.ts"],
  },
  {
    name: "whoever may read an event may read addresses",
    file: "src/http/routes/past.ts",
    find: 'if (query.disclose?.includes("meta") === true) assertPermits("admin");',
    replace: "",
    tests: ofProofs,
  },
  {
    name: "a file that was cut off is imported",
    file: importing,
    find: `    if (this.#checkpoint === undefined)
      throw cutOff("its last line, with the checkpoint, is missing");
    this.#write();
    const { note, checkpoint } = this.#checkpoint;`,
    replace: `    this.#write();
    const note = this.#checkpoint?.note ?? "";
    const { origin: named } = this.#header;
    const checkpoint = { origin: named, size: this.#last, root: this.#tree.root() };`,
    tests: ofLogFiles,
  },
  {
    name: "a line that does not follow from the one before is imported",
    file: importing,
    find: "if (fault !== undefined) throw misfit(",
    replace: "if (this.#keyCount < 0) throw misfit(",
    tests: ofLogFiles,
  },
  {
    name: "a log with another root than the checkpoint is imported",
    file: importing,
    find: 'if (toHex(root) !== toHex(this.#tree.root())) throw misfit("has another root than the events");',
    replace: "",
    tests: ofLogFiles,
  },
  {
    name: "a key of another event is imported",
    file: importing,
    find: "if (line.key.position !== this.#chain.position) {",
    replace: "if (line.key.position > this.#chain.position) {",
    tests: ofLogFiles,
  },
  {
    name: "what was left out of an import was never signed",
    file: importing,
    find: "return { report, note: isWhole ? undefined : note };",
    replace: "return { report, note: undefined };",
    tests: ofLogFiles,
  },
  {
    name: "a file of a backup that was changed is restored",
    file: restoring,
    find: "if (found?.bytes === bytes && found.sha256 === sha256) continue;",
    replace: "if (found?.bytes === bytes) continue;",
    tests: ofBackups,
  },
  {
    name: "a backup of another head than was signed is restored",
    file: restoring,
    find: "if (isAll && !isSigned) {",
    replace: "if (isAll && !isSigned && position < 0) {",
    tests: ofBackups,
  },
  {
    name: "a restore takes the place of a file",
    file: restoring,
    find: `  assertFree(file, "a restore");
  const owner`,
    replace: "  const owner",
    tests: ofBackups,
  },
  {
    name: "the register of another log is obeyed",
    file: "src/copies/erasures.ts",
    find: "if (header.data.log_id !== logId) {",
    replace: 'if (header.data.log_id === "") {',
    tests: ofBackups,
  },
  {
    name: "erasures that cannot be done again are passed over",
    file: "src/copies/erasures.ts",
    find: "if (entries.length > 0) {",
    replace: "if (entries.length < 0) {",
    tests: ofBackups,
  },
  {
    name: "a moment of a backup signs under the name that signed more",
    file: restoring,
    find: "if (lastNote !== undefined) makeFile(",
    replace: "if (lastNote !== undefined && lastNote.length < 0) makeFile(",
    tests: ["test/service/fork.proof.test.ts", ...ofBackups],
  },
  {
    name: "a blob of an earlier backup is never read again",
    file: copying,
    find: "if (hashesEarlier && (await",
    replace: "if (hashesEarlier && hash.length < 0 && (await",
    tests: ofBackups,
  },
  {
    name: "a blob is copied whatever it holds",
    file: copying,
    find: 'if (sha256 !== hash) throw blobFault(hash, "is not what its name says");',
    replace: "",
    tests: ofBackups,
  },
  {
    name: "a restored store closes the windows of the other",
    file: restoring,
    find: "if (options.resumeTimers !== true) holdTimers(file);",
    replace: "",
    tests: ["test/copies/held-timers.test.ts"],
  },
  {
    name: "an imported store closes the windows of the other",
    file: importing,
    find: "if (!resumeTimers) holdTimers(file);",
    replace: "",
    tests: ["test/copies/held-timers.test.ts"],
  },
];
