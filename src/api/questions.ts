/**
 * What reads can be asked, by name. What fits in each is told by who answers, in the words of the wire;
 * a name that is none must not be passed over, or a list that was to be narrowed shows everything.
 */
import type { Fields } from "./fields.js";
import { assertOptions, content } from "./options.js";

const get = ["asOf"];
const range = ["from", "to"];
const list = ["search", "filters", "sort", "caseSensitive", "limit", "offset", "cursor", "asOf"];
const part = ["bytesMax", "answer"];
const history = [...range, "order", "limit", "cursor", "type", "actor", "path"];
const audited = ["resourceType", "resourceId", "actorId", "action", "start", "end"];

const questions = {
  get: asks(...get),
  getObject: asks(...get, "showUrls"),
  getUpload: asks(...get, "showDownload"),
  serveUpload: asks(...get, "showDownload", "showUrl"),
  list: asks(...list),
  listObjects: asks(...list, "select", "countBlobs"),
  // A server also bounds its pages, and knows what its callers may see.
  serveList: asks(...list, ...part),
  serveObjects: asks(...list, ...part, "select", "countBlobs"),
  serveNamespaces: asks(...list, ...part, "within"),
  history: asks(...history),
  diff: asks(...range, "format"),
  blame: asks("path", "asOf"),
  replay: asks(...range),
  audit: asks(...audited, "skip", "limit", "cursor"),
};

export type Question = keyof typeof questions;

function asks(...names: readonly string[]): Fields {
  return Object.fromEntries(names.map((name) => [name, content]));
}

/** @throws BAD_REQUEST for a name that the question does not have, and for what is no object. */
export function assertAsked(question: Question, asked: object): void {
  assertOptions(questions[question], asked);
}
