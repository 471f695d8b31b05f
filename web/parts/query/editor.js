// The editor of statements: CodeMirror with SQL, completion from the stores, and the marks of what ran.
//
// Holds: each tab has its own text, undo steps and selection; the editor says `changed` when the text or the selection is
// another. What runs is decided here: the selection, else the statement under the cursor.

import { offsetOfByte } from "../../core/places.js";
import { complete } from "../../model/query/complete.js";
import { statementAt, statements, tokens } from "../../model/query/sql_text.js";
import { t } from "../../strings/query.js";
import { EditorState, EditorView, Prec, acceptCompletion, autocompletion, bracketMatching, closeBrackets, closeBracketsKeymap, completionKeymap, completionStatus, defaultKeymap, drawSelection, dropCursor, highlightActiveLine, highlightActiveLineGutter, highlightSelectionMatches, highlightSpecialChars, history, historyKeymap, indentOnInput, indentUnit, keymap, lineNumbers, lintKeymap, placeholder, rectangularSelection, search, searchKeymap, sql } from "../../vendor/codemirror.js";
import { COLOURS, DIALECT, LOOK } from "./editor_look.js";
import { marks, showMarks } from "./editor_marks.js";

/** @typedef {import("../../model/query/sql_text.js").Statement} Statement */
/** @typedef {import("../../model/query/query_tabs.js").QueryTab} QueryTab */

/** Where lines are wrapped rather than scrolled. */
const NARROW = matchMedia("(width < 900px)");

export class SqlEditor extends EventTarget {
  /** @param {HTMLElement} place @param {{schema: () => import("../../model/query/complete.js").Schema, run: () => void, runAll: () => void}} how */
  constructor(place, how) {
    super();
    this.how = how;
    /** States of tabs that are not shown. @type {Map<string, EditorState>} */
    this.states = new Map();
    this.tab = "";
    this.marks = marks((suggestion) => this.fix(suggestion));
    this.view = new EditorView({ parent: place, state: this.#state("") });
    // A note under a line is as wide as what is seen of it, however long its lines are.
    new ResizeObserver(() => this.view.dom.style.setProperty("--editor-room", `${this.view.scrollDOM.clientWidth - 48}px`)).observe(this.view.scrollDOM);
  }

  /** @param {string} text @param {number} [at] */
  #state(text, at = 0) {
    return EditorState.create({
      doc: text,
      selection: { anchor: Math.min(at, text.length) },
      extensions: [
        Prec.highest(keymap.of([
          { key: "Mod-Enter", run: () => this.#ask(this.how.run) },
          { key: "Mod-Shift-Enter", run: () => this.#ask(this.how.runAll) },
          { key: "Alt-Enter", run: () => this.fix() },
          // Tab takes what is offered; else it goes on to the next part of the page.
          { key: "Tab", run: (view) => completionStatus(view.state) === "active" && (acceptCompletion(view) || true) },
        ])),
        lineNumbers(), highlightSpecialChars(), history(), drawSelection(), dropCursor(), indentOnInput(), indentUnit.of("  "),
        bracketMatching(), closeBrackets(), rectangularSelection(), highlightActiveLine(), highlightActiveLineGutter(), highlightSelectionMatches(),
        search({ top: true }),
        sql({ dialect: DIALECT }),
        autocompletion({ override: [(context) => this.#complete(context)], activateOnTypingDelay: 60, maxRenderedOptions: 80 }),
        placeholder(t("query.select_from_a_store")),
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...searchKeymap, ...historyKeymap, ...completionKeymap, ...lintKeymap]),
        ...(NARROW.matches ? [EditorView.lineWrapping] : []),
        this.marks.extension, COLOURS, LOOK,
        EditorView.contentAttributes.of({ "aria-label": t("query.statements"), tabindex: "0", spellcheck: "false", autocapitalize: "off" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged || update.selectionSet) this.dispatchEvent(new CustomEvent("changed", { detail: { text: update.docChanged } }));
        }),
      ],
    });
  }

  /** @param {() => void} what */
  #ask(what) {
    what();
    return true;
  }

  /** @param {import("../../vendor/codemirror.js").CompletionContext} context */
  #complete(context) {
    const text = context.state.doc.toString();
    const found = complete(text, context.pos, this.how.schema(), context.explicit);
    if (!found?.options.length) return null;
    const quote = /["`[]/.test(text[found.from] ?? "");
    return {
      from: found.from,
      validFor: /^(?:[\p{L}_][\p{L}\p{N}_$]*|"[^"]*|`[^`]*|\[[^\]]*)$/u,
      options: found.options.map((one) => ({ label: quote ? `"${one.label}"` : one.label, displayLabel: one.label, detail: one.detail, type: one.type, boost: one.boost * 10, apply: quote && !one.apply.startsWith('"') && /^(?:store|column|database)$/.test(one.type) ? `"${one.apply}"` : one.apply })),
    };
  }

  /** Shows a tab. @param {QueryTab} tab */
  open(tab) {
    if (this.tab === tab.id && this.text === tab.text) return;
    if (this.tab) this.states.set(this.tab, this.view.state);
    this.tab = tab.id;
    const kept = this.states.get(tab.id);
    this.view.setState(kept && kept.doc.toString() === tab.text ? kept : this.#state(tab.text, tab.at));
    this.view.dispatch({ scrollIntoView: true });
  }

  /** Forgets a tab that was closed. @param {(id: string) => boolean} lives */
  forget(lives) {
    for (const id of this.states.keys()) if (!lives(id)) this.states.delete(id);
  }

  get text() {
    return this.view.state.doc.toString();
  }
  get at() {
    return this.view.state.selection.main.head;
  }

  focus() {
    this.view.focus();
  }

  /** What Run would run now: the statements of the selection, else the one under the cursor. @returns {Statement[]} */
  chosen() {
    const { from, to } = this.view.state.selection.main;
    const { text } = this;
    if (from !== to) {
      const part = statements(text.slice(from, to));
      if (part.length) return part.map((one) => ({ ...one, from: one.from + from, to: one.to + from }));
    }
    const one = statementAt(text, this.at);
    return one ? [one] : [];
  }

  /** @returns {Statement[]} */
  all() {
    return statements(this.text);
  }

  /** Puts text in the place of the whole, as a step that can be undone. @param {string} text */
  replace(text) {
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text }, selection: { anchor: text.length }, scrollIntoView: true, userEvent: "input" });
  }

  /** Adds text at the cursor. @param {string} text */
  insert(text) {
    this.view.dispatch(this.view.state.replaceSelection(text));
    this.focus();
  }

  /** @param {Statement} statement */
  #isThere(statement) {
    return this.text.slice(statement.from, statement.to) === statement.text;
  }

  /** Marks the statement that ran. @param {Statement} statement @param {string} gave */
  ran(statement, gave) {
    if (!this.#isThere(statement)) return;
    this.view.dispatch(showMarks(this.view.state, { ran: { from: statement.from, to: statement.to, gave }, wrong: undefined }));
  }

  /** Marks a fault at its word, and says what it is under the line. @param {Statement} statement @param {import("../../model/query/run.js").Fault} fault */
  wrong(statement, fault) {
    if (!this.#isThere(statement)) return;
    const at = fault.at === undefined ? undefined : offsetOfByte(statement.text, fault.at);
    const list = tokens(statement.text).filter((one) => one.kind !== "comment");
    const word = at === undefined ? undefined : (list.find((one) => one.from <= at && at < one.to) ?? list.findLast((one) => one.to <= at));
    const from = statement.from + (word ? word.from : statement.text.length);
    const to = statement.from + (word ? word.to : statement.text.length);
    const end = statement.to;
    const kept = this.view.state.field(this.marks.field).ran;
    this.view.dispatch(showMarks(this.view.state, {
      ran: kept && kept.to > statement.from && kept.from < end ? undefined : kept,
      wrong: { from: Math.min(from, to), to: word ? to : end, begin: statement.from, end, word: word?.text ?? "", message: fault.message, suggestions: word ? fault.suggestions : [] },
    }));
    // The note has to be in view, but the cursor stays where somebody may type on.
    this.view.dispatch({ effects: EditorView.scrollIntoView(Math.min(to, this.view.state.doc.length), { y: "nearest", yMargin: 48 }) });
    requestAnimationFrame(() => {
      const below = (this.view.dom.querySelector(".cm-note")?.getBoundingClientRect().bottom ?? 0) + 8 - this.view.scrollDOM.getBoundingClientRect().bottom;
      if (below > 0) this.view.scrollDOM.scrollTop += below;
    });
  }

  /** Takes the mark of a fault away. */
  clearFault() {
    this.view.dispatch(showMarks(this.view.state, { ran: this.view.state.field(this.marks.field).ran, wrong: undefined }));
  }

  /** Writes a suggestion in the place of the wrong word. @param {string} [suggestion] */
  fix(suggestion) {
    const { wrong } = this.view.state.field(this.marks.field);
    const text = suggestion ?? wrong?.suggestions[0];
    if (!wrong || text === undefined) return false;
    this.view.dispatch({ changes: { from: wrong.from, to: wrong.to, insert: text }, selection: { anchor: wrong.from + text.length }, userEvent: "input" });
    this.focus();
    return true;
  }
}
