/**
 * `bucketlog/proofs`: checks what a log has signed and what its proofs say, in a program that has no
 * store and trusts none.
 */
export { BucketsError, isBucketsError } from "../domain/errors.js";
export { leafHash, verifyConsistency, verifyInclusion } from "../eventstore/tree.js";
export { type Checkpoint, openCheckpoint } from "./checkpoint.js";
export { type EventProof, type ProvenEvent, verifyEventProof } from "./event-proof.js";
export { type NoteVerifier, type OpenedNote, openNote, parseVerifier } from "./note.js";
export { assertQuorum, type Policy, parsePolicy } from "./policy.js";
export { decodeRow } from "./row.js";
