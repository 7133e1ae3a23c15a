/**
 * The JSON editor, loaded only when it is asked for. It lives in a shadow root, where it can adopt
 * its styles: the policy of the page lets no element bring any.
 */
import {
  autocompletion,
  type CompletionContext,
  type CompletionResult,
  completionKeymap,
} from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { json, jsonParseLinter } from "@codemirror/lang-json";
import {
  bracketMatching,
  foldGutter,
  HighlightStyle,
  indentOnInput,
  syntaxHighlighting,
  syntaxTree,
} from "@codemirror/language";
import { linter, lintGutter } from "@codemirror/lint";
import { unifiedMergeView } from "@codemirror/merge";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { hintsAt } from "./schema-hints.js";

export interface OpenedEditor {
  readonly close: () => void;
}

interface EditorOptions {
  /** What the text is compared with while it is written. */
  readonly original: string;
  readonly text: string;
  readonly onChange: (text: string) => void;
}

export function openEditor(host: HTMLElement, options: EditorOptions): OpenedEditor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  const { original, text, onChange } = options;
  const view = new EditorView({
    root,
    parent: root,
    state: EditorState.create({
      doc: text,
      extensions: [
        lineNumbers(),
        foldGutter(),
        lintGutter(),
        history(),
        drawSelection(),
        bracketMatching(),
        indentOnInput(),
        json(),
        linter(jsonParseLinter()),
        autocompletion({ override: [complete] }),
        keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap]),
        unifiedMergeView({ original, mergeControls: false }),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({ "aria-label": "The document as JSON", tabindex: "0" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged) onChange(update.state.doc.toString());
        }),
        theme,
        syntaxHighlighting(colours),
      ],
    }),
  });
  view.focus();
  return { close: () => view.destroy() };
}

/** What can stand where the cursor is, by the schema of the document. */
function complete(context: CompletionContext): CompletionResult | null {
  const node = syntaxTree(context.state).resolveInner(context.pos, -1);
  const textOf = ({ from, to }: { readonly from: number; readonly to: number }) =>
    context.state.doc.sliceString(from, to).replaceAll('"', "");
  const path: string[] = [];
  const isKey = node.name === "PropertyName" || node.name === "Object";
  for (let above: typeof node | null = node; above !== null; above = above.parent) {
    if (above.name !== "Property") continue;
    const name = above.firstChild;
    if (name !== null && !(isKey && name.from === node.from)) path.unshift(textOf(name));
  }
  const hints = isKey ? hintsAt(path).keys : hintsAt(path).values;
  const word = context.matchBefore(/"?\w*"?/);
  if (hints.length === 0 || word === null || (word.from === word.to && !context.explicit))
    return null;
  return {
    from: word.from,
    to:
      context.state.doc.sliceString(context.pos, context.pos + 1) === '"'
        ? context.pos + 1
        : context.pos,
    options: hints.map((hint) => ({
      label: JSON.stringify(hint),
      type: isKey ? "property" : "enum",
    })),
  };
}

const theme = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "var(--ground)", fontSize: "12.5px" },
  "&.cm-focused": { outline: "2px solid var(--accent)" },
  ".cm-content": { fontFamily: "var(--mono)", caretColor: "var(--text)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  ".cm-scroller": { maxHeight: "58vh", overflow: "auto" },
  ".cm-gutters": { color: "var(--soft)", backgroundColor: "var(--raised)", border: "none" },
  ".cm-selectionBackground": { backgroundColor: "var(--past) !important" },
  ".cm-changedLine": { backgroundColor: "var(--added) !important" },
  ".cm-changedText": { background: "var(--added-word) !important" },
  ".cm-deletedChunk": { backgroundColor: "var(--removed) !important" },
  ".cm-deletedChunk *": { color: "var(--removed-text) !important" },
  ".cm-changedText, .cm-changedText *": { color: "var(--added-text) !important" },
  ".cm-deletedText": { background: "var(--removed-word) !important" },
  ".cm-tooltip": {
    color: "var(--text)",
    backgroundColor: "var(--raised)",
    borderColor: "var(--line)",
  },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": {
    color: "var(--on-accent)",
    backgroundColor: "var(--accent)",
  },
});

const colours = HighlightStyle.define([
  { tag: tags.propertyName, color: "var(--accent)" },
  { tag: tags.string, color: "var(--added-text)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--past-text)" },
]);
