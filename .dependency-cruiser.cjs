// The only direction of imports: domain <- eventstore <- projections <- service <- http, cli;
// api is what a store is asked and what it answers, on the domain alone and below every face;
// blobstore stands beside eventstore, and proofs, which need no store, above its frame; engines keep
// what eventstore and projections say, and the service knows none of them; copies are of files with
// all that is in them, and of no other engine; the page is on the client alone.
const below = {
  domain: [],
  api: ["domain"],
  eventstore: ["domain"],
  blobstore: ["domain"],
  proofs: ["domain", "eventstore"],
  projections: ["domain", "eventstore"],
  engines: ["domain", "eventstore", "projections"],
  copies: ["domain", "api", "eventstore", "blobstore", "projections", "engines", "proofs"],
  service: ["domain", "api", "eventstore", "blobstore", "projections", "proofs", "copies"],
};

/** What any layer may use; only those that do I/O have to do with files. */
const shared = (layer) =>
  layer === "domain" ? "timers" : "timers|held-timers|durable-file|room|package-folder";

const downwards = Object.entries(below).map(([layer, others]) => ({
  name: `${layer}-imports-downwards`,
  comment: `${layer}/ must not know of the layers above and beside it.`,
  severity: "error",
  from: { path: `^src/${layer}/` },
  to: {
    path: "^src/",
    pathNot: `^src/(${[layer, ...others].join("|")})/|^src/(${shared(layer)})[.]ts$`,
  },
}));

module.exports = {
  forbidden: [
    ...downwards,
    {
      name: "no-circles",
      severity: "error",
      from: {},
      to: { circular: true },
    },
    {
      name: "domain-is-pure",
      comment: "Time, ids and salts arrive as data; the domain does no I/O.",
      severity: "error",
      from: { path: "^src/domain/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "client-runs-anywhere",
      comment: "The client knows the rules and the one interface, and needs nothing but fetch.",
      severity: "error",
      from: { path: "^src/client/" },
      to: {
        path: "^src/",
        pathNot: "^src/(client|domain|api)/|^src/timers[.]ts$",
      },
    },
    {
      name: "client-needs-no-node",
      severity: "error",
      from: { path: "^src/client/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "page-is-on-the-client-alone",
      comment: "What the page needs and the client lacks is a gap of the client.",
      severity: "error",
      from: { path: "^src/ui/", pathNot: "^src/ui/build[.]mjs$" },
      to: { path: "^src/", pathNot: "^src/(ui/|client/index[.]ts$)" },
    },
    {
      name: "page-needs-no-node",
      severity: "error",
      from: { path: "^src/ui/", pathNot: "^src/ui/build[.]mjs$" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "nothing-imports-the-page",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/ui/" },
      to: { path: "^src/ui/" },
    },
    {
      name: "faces-stay-apart",
      severity: "error",
      from: { path: "^src/http/" },
      to: { path: "^src/cli/" },
    },
    {
      name: "sql-lives-with-its-engine",
      comment: "Only the engine on SQLite and copies of files speak to it.",
      severity: "error",
      from: {
        path: "^src/",
        pathNot: "^src/(engines/sqlite|copies)/",
      },
      to: { path: "better-sqlite3" },
    },
    {
      name: "proofs-need-no-store",
      comment:
        "Who checks a proof has no database: of the event store, frame and tree alone are shared.",
      severity: "error",
      from: { path: "^src/proofs/" },
      to: { path: "^src/eventstore/", pathNot: "^src/eventstore/(frame|tree)[.]ts$" },
    },
    {
      name: "one-file-imports-fast-json-patch",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/domain/json-patch[.]ts$" },
      to: { path: "fast-json-patch" },
    },
    {
      name: "one-file-imports-re2js",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/domain/filter/pattern[.]ts$" },
      to: { path: "re2js" },
    },
    {
      name: "one-file-imports-ipaddr",
      severity: "error",
      from: { path: "^src/", pathNot: "^src/domain/ingest/ssrf[.]ts$" },
      to: { path: "ipaddr[.]js" },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { extensions: [".ts", ".tsx", ".js"] },
  },
};
