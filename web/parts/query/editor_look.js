// How the editor looks: the page's tokens, in the editor's own style sheet (it comes after the page's layers).

import { EditorView, HighlightStyle, SQLDialect, syntaxHighlighting, tags } from "../../vendor/codemirror.js";
import { KEYWORDS, TYPES } from "../../model/query/sql_words.js";

/** SQLite's own words; names of functions are coloured where they are called, so that a column named `total` stays plain. */
export const DIALECT = SQLDialect.define({
  keywords: KEYWORDS.filter((word) => word !== "TRUE" && word !== "FALSE" && word !== "NULL").join(" ").toLowerCase(),
  types: TYPES.filter((word) => !/^(?:DATE|JSON|TIMESTAMP|TEXT|UUID)$/.test(word)).join(" ").toLowerCase(),
  builtin: "",
  operatorChars: "*+-%<>!=&|/~",
  identifierQuotes: '`"',
  specialVar: "@:?$",
});

export const COLOURS = syntaxHighlighting(HighlightStyle.define([
  { tag: [tags.keyword, tags.typeName], color: "var(--v-word)" },
  { tag: [tags.string], color: "var(--v-string)" },
  { tag: tags.number, color: "var(--v-number)" },
  { tag: [tags.bool, tags.null], color: "var(--v-bool)" },
  { tag: tags.special(tags.name), color: "var(--v-date)" },
  { tag: [tags.lineComment, tags.blockComment], color: "var(--ink-3)" },
]));

export const LOOK = EditorView.theme({
  "&": { height: "100%", color: "var(--ink)", backgroundColor: "var(--sheet)", fontSize: "13px" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--data)", lineHeight: "22px", fontVariantLigatures: "none", scrollbarWidth: "thin", scrollbarColor: "var(--line-hard) transparent" },
  ".cm-content": { padding: "8px 0", caretColor: "var(--accent)" },
  ".cm-line": { position: "relative", padding: "0 16px 0 0" },
  ".cm-gutters": { border: "0", backgroundColor: "var(--sheet)", color: "var(--ink-3)", fontSize: "12px" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "48px", padding: "0 16px 0 0", textAlign: "right" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "transparent" },
  "&.cm-focused .cm-activeLine, &.cm-focused .cm-activeLineGutter": { backgroundColor: "var(--hover)" },
  ".cm-activeLineGutter": { color: "var(--ink-2)" },
  ".cm-ran-mark": { boxShadow: "inset 2px 0 var(--ok)" },
  ".cm-called": { color: "var(--v-bool)" },
  ".cm-cursor": { borderLeft: "2px solid var(--accent)" },
  "& > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground": { background: "var(--accent-tint)" },
  ".cm-selectionMatch": { backgroundColor: "var(--press)" },
  "&.cm-focused .cm-matchingBracket": { backgroundColor: "var(--press)", color: "inherit" },
  "&.cm-focused .cm-nonmatchingBracket": { backgroundColor: "var(--danger-tint)", color: "inherit" },
  ".cm-placeholder": { color: "var(--ink-3)" },
  ".cm-lintRange-error": { backgroundImage: "none", paddingBottom: "0", textDecoration: "underline wavy var(--danger)", textUnderlineOffset: "4px", textDecorationThickness: "1px" },
  ".cm-lintPoint-error::after": { borderBottomColor: "var(--danger)" },
  // What a statement gave, at the end of its last line.
  ".cm-gave::after": { content: "attr(data-gave)", position: "absolute", top: "0", right: "16px", paddingLeft: "16px", backgroundColor: "var(--sheet)", font: "var(--t-small)/22px var(--ui)", color: "var(--ink-3)", pointerEvents: "none" },
  "&.cm-focused .cm-activeLine.cm-gave::after": { background: "linear-gradient(var(--hover), var(--hover)), var(--sheet)" },
  ".cm-note": { position: "sticky", left: "48px", display: "flex", maxWidth: "calc(var(--editor-room, 100%) - 16px)", boxSizing: "border-box", alignItems: "center", gap: "8px", margin: "2px 16px 6px 0", padding: "4px 4px 4px 10px", border: "1px solid var(--line)", borderLeft: "2px solid var(--danger)", borderRadius: "4px", backgroundColor: "var(--sheet)", font: "var(--t)/20px var(--ui)", whiteSpace: "normal", overflowWrap: "anywhere" },
  ".cm-note > .icon": { color: "var(--danger)" },
  // Completion, search and tooltips look as the page's menus do.
  ".cm-tooltip": { zIndex: "12", border: "1px solid var(--line-hard)", borderRadius: "var(--r-box)", backgroundColor: "var(--raised)", color: "var(--ink)", overflow: "hidden" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { padding: "4px", fontFamily: "var(--data)", fontSize: "12px", maxHeight: "232px", maxWidth: "min(480px, 92vw)", scrollbarWidth: "thin" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { display: "flex", gap: "16px", alignItems: "center", height: "var(--row)", padding: "0 8px", lineHeight: "28px", borderRadius: "4px" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent-tint)", color: "var(--ink)" },
  ".cm-completionLabel": { flex: "1", overflow: "hidden", textOverflow: "ellipsis" },
  ".cm-completionMatchedText": { textDecoration: "none", fontWeight: "600" },
  ".cm-completionDetail": { marginLeft: "auto", fontStyle: "normal", fontFamily: "var(--ui)", color: "var(--ink-3)" },
  "li[aria-selected] .cm-completionDetail": { color: "var(--ink-2)" },
  ".cm-completionIcon": { width: "14px", padding: "0", opacity: "1", color: "var(--ink-3)", fontSize: "11px", textAlign: "center" },
  ".cm-completionIcon-store::after": { content: "'▤'" },
  ".cm-completionIcon-column::after": { content: "'▸'" },
  ".cm-completionIcon-alias::after": { content: "'≈'" },
  ".cm-completionIcon-function::after": { content: "'ƒ'" },
  ".cm-completionIcon-word::after": { content: "'·'" },
  ".cm-completionIcon-database::after": { content: "'◍'" },
  ".cm-panels": { backgroundColor: "var(--frame)", color: "var(--ink)", borderBottom: "1px solid var(--line)" },
  ".cm-panels-top": { borderBottom: "1px solid var(--line)" },
  ".cm-panel.cm-search": { padding: "6px 28px 6px 12px", font: "12px/20px var(--ui)" },
  ".cm-panel.cm-search label": { fontSize: "12px", color: "var(--ink-2)" },
  ".cm-panel.cm-search [name=close]": { right: "8px", top: "6px", fontSize: "16px", color: "var(--ink-3)" },
  ".cm-textfield": { height: "24px", padding: "0 6px", border: "1px solid var(--line-hard)", borderRadius: "5px", backgroundColor: "var(--sheet)", fontSize: "12px" },
  ".cm-button": { height: "24px", padding: "0 8px", border: "1px solid var(--line-hard)", borderRadius: "5px", backgroundColor: "var(--sheet)", backgroundImage: "none", fontSize: "12px" },
  ".cm-searchMatch": { backgroundColor: "var(--warn-tint)" },
  ".cm-searchMatch-selected": { outline: "1px solid var(--warn)" },
  ".cm-diagnostic": { padding: "6px 10px", borderLeft: "2px solid var(--danger)", font: "var(--t)/20px var(--ui)" },
  ".cm-diagnosticAction": { height: "22px", margin: "0 0 0 8px", padding: "0 8px", border: "1px solid var(--line-hard)", borderRadius: "5px", backgroundColor: "var(--sheet)", color: "var(--ink)", font: "500 12px/20px var(--ui)" },
});
