/** Goal: whoever writes for the client can name everything that whoever writes for the library can. */
import ts from "typescript";
import { expect, test } from "vitest";

/** What is about files beside the program, which a client has none of. */
const ofFiles = [
  "BackupOptions",
  "BackupProgress",
  "ImportLogOptions",
  "ImportLogReport",
  "ImportOptions",
  "ImportReport",
  "RestoreOptions",
  "RestoreReport",
];
/** What a program says that serves others. */
const ofServers = ["ServedCaller", "ServedWriteOptions"];

test("the client exports the types of the interface that the library exports", () => {
  const beside = new Set([...ofFiles, ...ofServers]);
  const [library = [], client = []] = typesOf("dist/index.d.ts", "dist/client/index.d.ts");
  const ofLibrary = library.filter((name) => !beside.has(name));
  expect(ofLibrary).toContain("CreateBucketInput");
  expect(client).toEqual(ofLibrary);
});

/** What each of the files exports of the interface, as a compiler sees it. */
function typesOf(...files: readonly string[]): string[][] {
  const program = ts.createProgram(files, { module: ts.ModuleKind.NodeNext });
  const checker = program.getTypeChecker();
  return files.map((file) => {
    const source = program.getSourceFile(file);
    const module = source && checker.getSymbolAtLocation(source);
    const exported = module === undefined ? [] : checker.getExportsOfModule(module);
    return exported
      .filter(isOfInterface)
      .map(({ name }) => name)
      .sort();
  });

  function isOfInterface(symbol: ts.Symbol): boolean {
    const isAlias = (symbol.flags & ts.SymbolFlags.Alias) !== 0;
    const meant = isAlias ? checker.getAliasedSymbol(symbol) : symbol;
    return (meant.declarations ?? []).some((one) =>
      one.getSourceFile().fileName.includes("/dist/api/"),
    );
  }
}
