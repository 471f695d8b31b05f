// A field of code in a form: an expression, a template, JSON or a statement, with colours and completion.
//
// Holds: what is typed is said as `code` with the text; a value from outside takes its place only when it is another one, so
// the cursor stays. Tab leaves the field, as in every other one.

import { complete } from "../../model/query/complete.js";
import { colours, completeValue } from "../../model/script/complete.js";
import { Decoration, EditorState, EditorView, Prec, RangeSet, StateField, acceptCompletion, autocompletion, bracketMatching, closeBrackets, closeBracketsKeymap, completionKeymap, completionStatus, defaultKeymap, drawSelection, highlightSpecialChars, history, historyKeymap, keymap, lineNumbers, placeholder, setDiagnostics, sql } from "../../vendor/codemirror.js";
import { COLOURS, DIALECT, LOOK } from "../query/editor_look.js";

/** @typedef {"expression" | "template" | "json" | "names" | "sql"} Mode */
/** @typedef {{known: () => import("../../model/script/complete.js").Known, schema: () => import("../../model/query/complete.js").Schema}} About */

const MOST_COLOURED = 60_000;
const FIELD = Prec.high(EditorView.theme({
  "&": { height: "auto", backgroundColor: "transparent", fontSize: "12px" },
  ".cm-scroller": { lineHeight: "20px", overflow: "auto", maxHeight: "320px" },
  ".cm-content": { padding: "3px 0" },
  ".cm-line": { padding: "0 8px" },
}));
const WHOLE = Prec.high(EditorView.theme({ "&": { fontSize: "12px" }, ".cm-scroller": { lineHeight: "20px" } }));

/** @param {Exclude<Mode, "sql">} mode */
function coloured(mode) {
  const marks = Object.fromEntries(["t", "n", "b", "w", "d"].map((look) => [look, Decoration.mark({ class: look })]));
  const draw = (/** @type {EditorState} */ state) => (state.doc.length > MOST_COLOURED ? RangeSet.empty : RangeSet.of(colours(mode, state.doc.toString()).map(({ from, to, look }) => marks[look].range(from, to)), true));
  return StateField.define({
    create: draw,
    update: (/** @type {any} */ value, transaction) => (transaction.docChanged ? draw(transaction.state) : value),
    provide: (field) => EditorView.decorations.from(field),
  });
}

export class SopCode extends HTMLElement {
  constructor() {
    super();
    /** @type {Mode} */
    this.mode = "template";
    this.label = "";
    this.hint = "";
    this.lines = false;
    /** @type {About | undefined} */
    this.about = undefined;
    this.text = "";
    this.wrong = false;
    this.locked = false;
    /** @type {EditorView | undefined} */
    this.view = undefined;
  }

  connectedCallback() {
    if (this.view) return;
    this.view = new EditorView({ parent: this, state: this.#state() });
  }
  disconnectedCallback() {
    this.view?.destroy();
    this.view = undefined;
    this.replaceChildren();
  }

  /** The text; another one than is there takes its place. */
  get value() {
    return this.view ? this.view.state.doc.toString() : this.text;
  }
  set value(text) {
    this.text = text;
    const { view } = this;
    if (!view || view.state.doc.toString() === text) return;
    view.setState(this.#state());
  }

  set invalid(/** @type {boolean} */ wrong) {
    this.wrong = wrong;
    this.view?.contentDOM.setAttribute("aria-invalid", String(wrong));
  }

  /** @param {FocusOptions} [options] */
  focus(options) {
    if (this.view) this.view.focus();
    else super.focus(options);
  }

  /** @param {number} from @param {number} to */
  select(from, to) {
    this.view?.dispatch({ selection: { anchor: from, head: to }, scrollIntoView: true });
    this.view?.focus();
  }

  /** Marks stretches of the text. @param {{from: number, to: number, message: string, severity: "error" | "warning"}[]} list */
  mark(list) {
    const { view } = this;
    if (!view) return;
    const length = view.state.doc.length;
    view.dispatch(setDiagnostics(view.state, list.map((one) => ({ ...one, from: Math.min(one.from, length), to: Math.min(one.to, length) }))));
  }

  #state() {
    const { mode } = this;
    return EditorState.create({
      doc: this.text,
      extensions: [
        Prec.highest(keymap.of([{ key: "Tab", run: (view) => completionStatus(view.state) === "active" && acceptCompletion(view) }])),
        highlightSpecialChars(), history(), drawSelection(), bracketMatching(), closeBrackets(),
        mode === "sql" ? sql({ dialect: DIALECT }) : coloured(mode),
        autocompletion({ override: [(context) => this.#complete(context)], activateOnTypingDelay: 60, maxRenderedOptions: 60, icons: false }),
        ...(this.hint ? [placeholder(this.hint)] : []),
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...completionKeymap]),
        EditorView.lineWrapping,
        ...(this.lines ? [lineNumbers(), WHOLE] : [FIELD]),
        COLOURS, LOOK,
        EditorState.readOnly.of(this.locked),
        EditorView.contentAttributes.of({ "aria-label": this.label, tabindex: "0", "aria-invalid": String(this.wrong), spellcheck: mode === "template" ? "true" : "false", autocapitalize: "off" }),
        EditorView.updateListener.of((update) => {
          if (!update.docChanged) return;
          this.text = update.state.doc.toString();
          this.dispatchEvent(new CustomEvent("code", { detail: this.text }));
        }),
        EditorView.domEventHandlers({ blur: () => void this.dispatchEvent(new Event("left")) }),
      ],
    });
  }

  /** @param {import("../../vendor/codemirror.js").CompletionContext} context */
  #complete(context) {
    const text = context.state.doc.toString();
    if (!this.about) return null;
    if (this.mode === "sql") {
      const found = complete(text, context.pos, this.about.schema(), context.explicit);
      return found?.options.length ? { from: found.from, options: found.options.map((one) => ({ label: one.label, detail: one.detail, type: one.type, boost: one.boost * 10, apply: one.apply })) } : null;
    }
    const found = completeValue(this.mode, text.slice(0, context.pos), this.about.known(), context.explicit);
    if (!found) return null;
    const closes = this.mode !== "expression" && text.lastIndexOf("{{", context.pos) > text.lastIndexOf("}}", context.pos - 1) && !text.slice(context.pos).startsWith("}");
    return { from: found.from, validFor: /^[\p{L}\p{N}_]*$/u, options: found.options.map((one) => ({ label: one.label, detail: one.detail, type: one.type, apply: one.apply ?? (closes && one.type === "variable" ? `${one.label}}}` : one.label) })) };
  }
}

customElements.define("sop-code", SopCode);
