/**
 * What reads can be asked, by name. What fits in each is told by who answers, in the words of the wire;
 * a name that is none must not be passed over, or a list that was to be narrowed shows everything.
 */
import { assertNames } from "./options.js";

const get = ["asOf"];
const range = ["from", "to"];
const list = ["search", "filters", "sort", "caseSensitive", "limit", "offset", "cursor", "asOf"];
const part = ["bytesMax", "answer"];
const history = [...range, "order", "limit", "cursor", "type", "actor", "path"];
const audited = ["resourceType", "resourceId", "actorId", "action", "start", "end"];

const questions = {
  get,
  getObject: [...get, "showUrls"],
  getUpload: [...get, "showDownload"],
  serveUpload: [...get, "showDownload", "showUrl"],
  list,
  listObjects: [...list, "select", "countBlobs"],
  // A server also bounds its pages, and knows what its callers may see.
  serveList: [...list, ...part],
  serveObjects: [...list, ...part, "select", "countBlobs"],
  serveNamespaces: [...list, ...part, "within"],
  history,
  diff: [...range, "format"],
  blame: ["path", "asOf"],
  replay: range,
  audit: [...audited, "skip", "limit", "cursor"],
} as const satisfies Readonly<Record<string, readonly string[]>>;

export type Question = keyof typeof questions;

/** @throws BAD_REQUEST for a name that the question does not have, and for what is no object. */
export function assertAsked(question: Question, asked: object): void {
  assertNames(questions[question], asked);
}
