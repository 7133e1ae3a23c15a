/**
 * The client alone, as `bucketlog/client`: for browsers, edge functions, and programs that are not
 * to load an engine.
 */
export { BucketsError, type ErrorCode, isBucketsError } from "../domain/errors.js";
export type { BucketStore, Buckets, Feed, FeedEvent, Namespace } from "../service/interface.js";
export { type ConnectOptions, connectBuckets } from "./connect.js";
