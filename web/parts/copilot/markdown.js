// The text of an answer as Markdown: headings, lists, tables, code; nothing that loads, runs or leaves the page.
//
// Holds: markup in the text is text; no image, frame, style or script comes out of it; a link to another place is shown with
// its address as text and is not a link; drawn at most once a frame, and only from the first block that changed, so that what
// was selected stays so. Two guards, each enough alone: the renderer makes no such element, and what it made is sanitised.

import { t } from "../../strings/copilot.js";
import { Marked, createPurifier } from "../../vendor/markdown.js";
import { make } from "../dom.js";

const TAGS = ["p", "br", "strong", "em", "del", "code", "pre", "ul", "ol", "li", "blockquote", "h3", "h4", "h5", "hr", "table", "thead", "tbody", "tr", "th", "td", "a", "span"];
const MOST = 400_000;

/** @param {string} text */
const escape = (text) => text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);

/** The path of a link that stays here; undefined for every other. @param {string} href */
export function ownPath(href) {
  if (/[\u0000-\u001f\\]/.test(href)) return undefined;
  try {
    const url = new URL(href, location.origin);
    const own = url.origin === location.origin && /^https?:$/.test(url.protocol) && url.username === "" && /^\/(?:d\/|settings|knowledge)/.test(url.pathname);
    return own ? url.pathname + url.search + url.hash : undefined;
  } catch {
    return undefined;
  }
}

const marked = new Marked({ gfm: true, breaks: false });
marked.use({
  renderer: {
    html: ({ text }) => escape(text),
    image: ({ text, href }) => escape(text || href),
    heading({ tokens, depth }) {
      const level = Math.min(5, depth + 2); // under the headings of the page
      return `<h${level}>${this.parser.parseInline(tokens)}</h${level}>`;
    },
    link({ href, tokens }) {
      const words = this.parser.parseInline(tokens);
      const path = ownPath(href);
      if (path !== undefined) return `<a href="${escape(path)}">${words}</a>`;
      const plain = tokens.length === 1 && tokens[0].raw === href;
      return plain ? `<span class="away">${words}</span>` : `${words} <span class="away">${escape(href)}</span>`;
    },
    code: ({ text, lang }) => `<pre><code${/^\w{1,20}$/.test(lang ?? "") ? ` class="lang-${lang}"` : ""}>${escape(text)}</code></pre>`,
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
  },
});

/** @type {ReturnType<typeof createPurifier> | undefined} */
let purifier;

/** A block as elements. @param {string} html @returns {DocumentFragment} */
function clean(html) {
  purifier ??= createPurifier(window);
  const fragment = purifier.sanitize(html, { ALLOWED_TAGS: TAGS, ALLOWED_ATTR: ["href", "class", "align", "start"], ALLOW_DATA_ATTR: false, ALLOW_ARIA_ATTR: false, ALLOWED_URI_REGEXP: /^\//, RETURN_DOM_FRAGMENT: true });
  for (const link of fragment.querySelectorAll("a")) {
    const path = ownPath(link.getAttribute("href") ?? "");
    if (path === undefined) link.replaceWith(...link.childNodes);
    else {
      link.setAttribute("href", path);
      link.setAttribute("rel", "noopener noreferrer");
    }
  }
  for (const marked of fragment.querySelectorAll("[class]")) if (!/^(?:away|lang-\w{1,20})$/.test(marked.className)) marked.removeAttribute("class");
  for (const table of fragment.querySelectorAll("table")) {
    const box = make("div", "md-table scroll");
    box.tabIndex = 0;
    box.setAttribute("role", "region");
    box.setAttribute("aria-label", t("copilot.table"));
    table.replaceWith(box);
    box.append(table);
  }
  for (const pre of fragment.querySelectorAll("pre")) pre.setAttribute("tabindex", "0");
  return fragment;
}

/** `<sop-markdown .text=…>` */
export class SopMarkdown extends HTMLElement {
  constructor() {
    super();
    this.wanted = "";
    /** The blocks that are drawn: their source and their elements. @type {{raw: string, nodes: Node[]}[]} */
    this.blocks = [];
    this.frame = 0;
  }

  get text() {
    return this.wanted;
  }
  set text(text) {
    if (text === this.wanted) return;
    const first = this.wanted === "" && !this.blocks.length;
    this.wanted = text;
    if (first) this.draw();
    else this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.draw();
    });
  }

  disconnectedCallback() {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
  }
  connectedCallback() {
    this.draw();
  }

  draw() {
    const text = this.wanted.length > MOST ? `${this.wanted.slice(0, MOST)}\n\n…` : this.wanted;
    /** @type {import("../../vendor/markdown.js").Token[]} */
    let tokens;
    try {
      tokens = marked.lexer(text);
    } catch {
      tokens = /** @type {any} */ ([{ type: "paragraph", raw: text, text, tokens: [{ type: "text", raw: text, text }] }]);
    }
    const links = /** @type {any} */ (tokens).links;
    const list = tokens.filter((token) => token.type !== "space" && token.type !== "def");
    let same = 0;
    while (same < list.length && same < this.blocks.length && this.blocks[same].raw === list[same].raw) same += 1;
    for (const block of this.blocks.splice(same)) for (const node of block.nodes) /** @type {ChildNode} */ (node).remove();
    for (const token of list.slice(same)) {
      const one = Object.assign([token], { links });
      const fragment = clean(String(marked.parser(/** @type {any} */ (one))));
      for (const node of [...fragment.childNodes]) if (node.nodeType === Node.TEXT_NODE && !node.textContent?.trim()) node.remove();
      const nodes = [...fragment.childNodes];
      this.append(fragment);
      this.blocks.push({ raw: token.raw, nodes });
    }
  }
}

customElements.define("sop-markdown", SopMarkdown);
