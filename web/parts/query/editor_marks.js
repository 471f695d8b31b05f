// What the editor marks in its text: functions where they are called, the statement that ran with what it gave, and a fault
// at its word with its note under the line.
//
// Holds: marks move with the text; typing in the statement that failed takes its fault away, since it says nothing about the
// new text.

import { t } from "../../strings/query.js";
import { Decoration, EditorState, EditorView, GutterMarker, RangeSet, StateEffect, StateField, WidgetType, gutterLineClass, setDiagnostics } from "../../vendor/codemirror.js";
import { FUNCTIONS } from "../../model/query/sql_words.js";
import { tokens } from "../../model/query/sql_text.js";
import { iconElement, make } from "../dom.js";

/** @typedef {{from: number, to: number, gave: string}} Ran */
/** @typedef {{from: number, to: number, end: number, begin: number, word: string, message: string, suggestions: string[]}} Wrong from and to: the word; begin and end: its statement */
/** @typedef {{ran: Ran | undefined, wrong: Wrong | undefined}} Marks */

const MOST_COLOURED = 200_000;

/** Says what ran, what was wrong. @type {import("../../vendor/codemirror.js").StateEffectType<Marks>} */
export const setMarks = StateEffect.define();

/** A message in which the names that it speaks of stand out. @param {string} message @param {string[]} names */
function withNames(message, names) {
  const text = make("span", "grow");
  const known = names.filter((name) => name.length > 1).sort((a, b) => b.length - a.length).map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  if (!known.length) {
    text.textContent = message;
    return text;
  }
  message.split(new RegExp(`(?<![\\p{L}\\p{N}_])(${known.join("|")})(?![\\p{L}\\p{N}_])`, "u")).forEach((part, at) => text.append(at % 2 ? make("b", "", part) : part));
  return text;
}

class NoteWidget extends WidgetType {
  /** @param {Wrong} wrong @param {(suggestion: string) => void} fix */
  constructor(wrong, fix) {
    super();
    this.wrong = wrong;
    this.fix = fix;
  }
  /** @param {NoteWidget} other */
  eq(other) {
    return other.wrong.message === this.wrong.message && other.wrong.suggestions.join() === this.wrong.suggestions.join();
  }
  toDOM() {
    const note = make("div", "cm-note");
    note.setAttribute("role", "alert");
    note.append(iconElement("warning", true), withNames(this.wrong.message, [this.wrong.word, ...this.wrong.suggestions]));
    this.wrong.suggestions.slice(0, 3).forEach((suggestion, at) => {
      const button = make("button", "button s");
      button.append(at === 0 && this.wrong.suggestions.length === 1 ? t("query.fix") : suggestion);
      button.title = t("query.write_suggestion", { suggestion });
      if (at === 0) button.append(make("kbd", "", "Alt ↵"));
      button.addEventListener("click", () => this.fix(suggestion));
      note.append(button);
    });
    return note;
  }
  ignoreEvent() {
    return true;
  }
}

/** @param {string} name */
const lineMark = (name) => new (class extends GutterMarker {
  elementClass = name;
})();
const RAN = lineMark("cm-ran-mark");
const CALLED = Decoration.mark({ class: "cm-called" });

/** Functions where they are called. @param {EditorState} state */
function called(state) {
  if (state.doc.length > MOST_COLOURED) return Decoration.none;
  const list = tokens(state.doc.toString());
  /** @type {any[]} */
  const found = [];
  list.forEach((token, at) => {
    if (token.kind === "word" && list[at + 1]?.text === "(" && Object.hasOwn(FUNCTIONS, token.text.toLowerCase())) found.push(CALLED.range(token.from, token.to));
  });
  return Decoration.set(found);
}

const calls = StateField.define({
  create: called,
  update: (value, transaction) => (transaction.docChanged ? called(transaction.state) : value),
  provide: (field) => EditorView.decorations.from(field),
});

/**
 * @param {(suggestion: string) => void} fix
 */
export function marks(fix) {
  /** @type {StateField<Marks>} */
  const field = StateField.define({
    create: () => /** @type {Marks} */ ({ ran: undefined, wrong: undefined }),
    update: (value, transaction) => {
      let next = value;
      if (transaction.docChanged) {
        const move = (/** @type {number} */ at, side = -1) => transaction.changes.mapPos(at, side);
        let { ran, wrong } = next;
        if (ran) ran = transaction.changes.touchesRange(ran.from, ran.to) ? undefined : { ...ran, from: move(ran.from, 1), to: move(ran.to) };
        if (wrong) wrong = transaction.changes.touchesRange(wrong.begin, wrong.end) ? undefined : { ...wrong, from: move(wrong.from, 1), to: move(wrong.to), begin: move(wrong.begin, 1), end: move(wrong.end) };
        next = { ran, wrong };
      }
      for (const effect of transaction.effects) if (effect.is(setMarks)) next = effect.value;
      return next;
    },
    provide: (own) => [
      EditorView.decorations.compute([own], (state) => {
        const { ran, wrong } = state.field(own);
        const end = (/** @type {number} */ at) => state.doc.lineAt(Math.min(at, state.doc.length)).to;
        const list = [];
        // Not an element of its own: the cursor would stand at it instead of at the end of the text.
        if (ran?.gave) list.push(Decoration.line({ class: "cm-gave", attributes: { "data-gave": ran.gave } }).range(state.doc.lineAt(Math.min(ran.to, state.doc.length)).from));
        if (wrong) list.push(Decoration.widget({ widget: new NoteWidget(wrong, fix), side: 2, block: true }).range(end(wrong.to)));
        return Decoration.set(list, true);
      }),
      gutterLineClass.compute([own], (state) => {
        const { ran } = state.field(own);
        if (!ran) return RangeSet.empty;
        const list = [];
        const last = state.doc.lineAt(Math.min(ran.to, state.doc.length)).number;
        for (let line = state.doc.lineAt(Math.min(ran.from, state.doc.length)).number; line <= last; line += 1) list.push(RAN.range(state.doc.line(line).from));
        return RangeSet.of(list);
      }),
    ],
  });
  return { field, extension: [field, calls] };
}

/** The transaction that shows marks, the underline among them. @param {EditorState} state @param {Marks} marks */
export function showMarks(state, marks) {
  const { wrong } = marks;
  const found = wrong ? [{ from: wrong.from, to: wrong.to, severity: /** @type {const} */ ("error"), message: wrong.message }] : [];
  const diagnostics = setDiagnostics(state, found);
  return { effects: [...[diagnostics.effects ?? []].flat(), setMarks.of(marks)] };
}
