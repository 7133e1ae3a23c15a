// The only direction of imports: domain <- eventstore <- projections <- service <- http, cli;
// blobstore stands beside eventstore.
const below = {
  domain: [],
  eventstore: ["domain"],
  blobstore: ["domain"],
  projections: ["domain", "eventstore"],
  service: ["domain", "eventstore", "blobstore", "projections"],
};

const downwards = Object.entries(below).map(([layer, others]) => ({
  name: `${layer}-imports-downwards`,
  comment: `${layer}/ must not know of the layers above and beside it.`,
  severity: "error",
  from: { path: `^src/${layer}/` },
  to: { path: "^src/", pathNot: `^src/(${[layer, ...others].join("|")})/` },
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
      to: { path: "^src/", pathNot: "^src/(client|domain)/|^src/service/interface([.]ts$|/)" },
    },
    {
      name: "client-needs-no-node",
      severity: "error",
      from: { path: "^src/client/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "faces-stay-apart",
      severity: "error",
      from: { path: "^src/http/" },
      to: { path: "^src/cli/" },
    },
    {
      name: "sql-lives-with-its-engine",
      comment: "Only the sqlite folders and the composition root speak to SQLite.",
      severity: "error",
      from: {
        path: "^src/",
        pathNot: "^src/(eventstore|projections)/sqlite/|^src/(index|secret-keys)[.]ts$",
      },
      to: { path: "better-sqlite3" },
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
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { extensions: [".ts", ".js"] },
  },
};
