/** The command that puts a whole namespace back to how it was at a moment. */
import type { NamespaceReverted } from "../index.js";
import { confirm } from "./change.js";
import { jsonLine, type Line, line } from "./line.js";
import { openForReading, openForWriting, type StoreFlags } from "./store.js";
import type { Terminal } from "./terminal.js";

interface RestoreNamespaceFlags extends StoreFlags {
  readonly asOf: string;
  readonly reason?: string;
  readonly as?: string;
  readonly dryRun: boolean;
  readonly yes: boolean;
  readonly json: boolean;
}

/** Shows what would change, asks, and does it. */
export async function restoreNamespace(
  terminal: Terminal,
  flags: RestoreNamespaceFlags,
): Promise<void> {
  const { asOf, reason } = flags;
  await using store = await (flags.dryRun
    ? openForReading(terminal, flags)
    : openForWriting(terminal, flags));
  const caller = flags.as === undefined ? {} : { actor: flags.as };
  const namespace = store.namespace(flags.namespace, caller);
  const preview = await namespace.revert({ asOf, reason, dryRun: true });
  const print = flags.json ? terminal.printError : terminal.print;
  for (const told of linesOf(terminal, preview)) print(told);
  if (flags.dryRun || preview.resources.length === 0) {
    if (flags.json) terminal.print(jsonLine(preview));
    else terminal.print(terminal.styled("dim", "nothing was recorded"));
    return;
  }
  if (!flags.yes) await confirm(terminal);
  const done = await namespace.revert({ asOf, reason, ifPosition: preview.compared_at });
  if (flags.json) terminal.print(jsonLine(done));
  else terminal.print(line`put back, in ${done.transaction_ids.length} transactions`);
}

const marks = { change: ["yellow", "~"], restore: ["green", "+"], delete: ["red", "-"] } as const;

function* linesOf(terminal: Terminal, reverted: NamespaceReverted): Iterable<Line> {
  for (const { kind, id, name, action, changes, status } of reverted.resources) {
    const [colour, mark] = marks[action];
    const called = name === undefined ? line`${id}` : line`${id} ${name}`;
    const paths = changes.map(({ path }) => path).join(" ");
    const moved = status === undefined ? line`` : line` ${status}`;
    yield line`${terminal.styled(colour, mark)} ${kind} ${called}${moved} ${paths}`;
  }
  if (reverted.has_more) yield line`… and more`;
  const { changed, restored, deleted } = reverted;
  yield line`${changed} change, ${restored} come back, ${deleted} are deleted`;
}
