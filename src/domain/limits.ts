/** Every limit of the service, named (CONTRACT: conventions). Sizes in bytes; durations as their names say. */
export const limits = {
  jsonBodyBytesMax: 1024 * 1024,
  objectBodyBytesMax: 16 * 1024 * 1024,
  /** Of a body that is refused, so much is skipped; with more, the connection ends. */
  skippedBodyBytesMax: 64 * 1024,
  documentBytesMax: 1024 * 1024,
  /** Of a document, and of a body beside the contents of its blobs: items of arrays, members of objects. */
  valuesMax: 100_000,
  patchOperationsMax: 1_000,
  /** Items of arrays that make room for what a JSON Patch adds, or close up behind what it removes. */
  patchMovedItemsMax: 5_000_000,
  jsonDepthMax: 64,
  objectKeysMax: 1_000,
  /** In any one object of a request, whatever it is for: counted before anything is made of it. */
  anyObjectKeysMax: 10_000,
  keyLengthMax: 1_024,
  /** Of fields of a bucket_schema in one write: those of items are looked for in each. */
  schemaLookupsMax: 50_000,
  pageSizeMax: 1_000,
  /** Of events as they are stored: a page that has a cursor for the next one ends at this. */
  pageBytesMax: 8 * 1024 * 1024,
  listPageSizeDefault: 10,
  /** How long a signed URL gives the bytes of a blob. */
  downloadSeconds: 3_600,
  statisticsPointsMax: 1_000,
  historyPageSizeDefault: 50,
  filterDepthMax: 8,
  filterConditionsMax: 50,
  filterValuesMax: 1_000,
  filterPatternLengthMax: 500,
  /** Instructions of what a regular expression is compiled to. */
  filterPatternSizeMax: 1_000,
  /** What a character costs however few instructions there are, in instructions: it is read and looked up. */
  filterPatternCharacterWork: 16,
  /** Instructions times characters, of one condition in one request: some seconds at the worst. */
  filterPatternWorkMax: 4_000_000_000,
  searchLengthMax: 1_000,
  sortKeyLengthMax: 256,
  aggregateKeysMax: 8,
  aggregateMetricsMax: 50,
  aggregateBoundariesMax: 1_000,
  aggregateGroupsMax: 10_000,
  aggregateBytesMax: 16 * 1024 * 1024,
  headerSectionBytesMax: 16 * 1024,
  urlBytesMax: 8 * 1024,
  rateWindowMs: 60_000,
  rateKeysMax: 10_000,
  /** Of one address in a minute, at what is signed and not with a token. */
  failedSignaturesMax: 60,
  /** Bodies of up to 1 MiB whose sender is not known yet. */
  strangerBodiesMax: 64,
  strangerBodiesOfAddressMax: 32,
  openUploadsMax: 256,
  connectionsMax: 10_000,
  streamsMax: 1_000,
  /** Of bodies and answers that are in memory at once. */
  memoryBytesMax: 512 * 1024 * 1024,
  memoryWaitMs: 2_000,
  /** Smaller bodies and answers are not counted: there are but so many connections. */
  countedBytesMin: 64 * 1024,
  openTransfersOfUploadMax: 4,
  /** How often bytes may come for one signed URL. */
  uploadAttemptsMax: 100,
  nameLengthMax: 255,
  connectionNameLengthMax: 100,
  connectionDescriptionLengthMax: 500,
  validationIssuesMax: 100,
  objectsPerRequestMax: 100,
  blobsPerObjectMax: 1_000,
  blobPropertyLengthMax: 100,
  blobUrlLengthMax: 8 * 1024,
  /** As declared of a URL. All that an object can have are below 2^53 together. */
  declaredBytesMax: 8 * 1024 ** 4,
  /** A text or JSON value of up to so many bytes stays in the event; others lie in the blob store. */
  inlineValueBytesMax: 16 * 1024,
  keyPrefixLengthMax: 1_024,
  uniqueValueLengthMax: 255,
  reasonLengthMax: 1_000,
  actorLengthMax: 255,
  requestIdLengthMax: 255,
  transactionOperationsMax: 100,
  /** Of the documents that writes which are carried out as one begin with or leave, whichever is more. */
  transactionBytesMax: 4 * 1024 * 1024,
  /** Leaves that one event sets or removes. */
  changesMax: 5_000,
  idempotencyKeyLengthMax: 255,
  idempotencyRetentionMs: 7 * 24 * 60 * 60 * 1000,
  tokenLengthMin: 16,
  tokenLengthMax: 512,
  commitCommandsMax: 256,
  commitBytesMax: 1024 * 1024,
  /** Of the documents that a commit is about: what would go beyond them is for the next. */
  commitDocumentBytesMax: 1024 * 1024,
  /** Of the states that the writer keeps at hand. */
  stateCacheBytesMax: 64 * 1024 * 1024,
  /** Of current buckets that are ready to be sent again. */
  readyBucketsBytesMax: 32 * 1024 * 1024,
  /** Of what lists that are asked again keep of every row, for one reader. */
  keptRowsBytesMax: 64 * 1024 * 1024,
  retiredSecretsMax: 4,
  overlapSecondsDefault: 24 * 60 * 60,
  overlapSecondsMax: 30 * 24 * 60 * 60,
  batchObjectsMax: 10_000,
  batchErrorsMax: 1_000,
  batchMessageLengthMax: 10_000,
  batchPartDefault: 100,
  batchRetriesMax: 10,
  batchRetriesDefault: 3,
  workerNameLengthMax: 255,
  leaseSecondsMax: 24 * 60 * 60,
  uploadBytesMax: 5 * 1024 * 1024 * 1024,
  uploadsAtOnceMax: 100,
  uploadSecondsMin: 60,
  uploadSecondsDefault: 60 * 60,
  uploadSecondsMax: 24 * 60 * 60,
  contentTypeLengthMax: 255,
  feedWaitMsMax: 60_000,
  webhookSecretLengthMin: 16,
  webhookSecretLengthMax: 512,
  webhookToleranceMs: 5 * 60 * 1000,
  /** Of buckets and connections that go with their namespace. */
  namespaceDeletionMax: 1_000,
  queueCommandsMax: 4_096,
  queueBytesMax: 64 * 1024 * 1024,
} as const;
