// A diagram as a picture, and as text that other tools draw: SVG, Mermaid, DBML.

import { CARD, boundsOf, pathOf } from "./graph.js";
import { t } from "../../strings/design.js";

/** @typedef {import("./graph.js").Card} Card */
/** @typedef {import("./graph.js").Edge} Edge */

/** @param {string} text */
const escape = (text) => text.replace(/[&<>"']/g, (c) => /** @type {{[c: string]: string}} */ ({ "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" })[c]).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, "\ufffd");
/** Texts are cut to what fits a card. @param {string} text @param {number} chars */
const cut = (text, chars) => (text.length > chars ? `${text.slice(0, chars - 1)}…` : text);

/**
 * @param {Card[]} cards @param {Edge[]} edges @param {{[name: string]: {x: number, y: number}}} places
 * @param {{sheet: string, frame: string, ink: string, soft: string, line: string, edge: string, hover: string}} ink colours
 */
export function svgOf(cards, edges, places, ink) {
  const box = boundsOf(cards, places);
  const pad = 32;
  const [width, height] = [box.width + 2 * pad, box.height + 2 * pad];
  const by = new Map(cards.map((one) => [one.name, one]));
  const lines = edges.map((edge) => {
    const [from, to] = [by.get(edge.from), by.get(edge.to)];
    if (!from || !to) return "";
    const { d, end } = pathOf(from, to, places, edge);
    return `<path d="${d}" fill="none" stroke="${ink.edge}" stroke-width="1.25"/><circle cx="${end.x}" cy="${end.y}" r="3" fill="${ink.frame}" stroke="${ink.edge}"/>`;
  });
  const boxes = cards.map((card) => {
    const { x, y } = places[card.name];
    const rows = card.fields.map((field, index) => {
      const top = y + CARD.head + 1 + index * CARD.row;
      return `${field.key ? `<rect x="${x + 0.5}" y="${top}" width="${CARD.width - 1}" height="${CARD.row}" fill="${ink.hover}"/>` : ""}<text x="${x + 28}" y="${top + 16}" class="data">${escape(cut(field.name, 17))}</text><text x="${x + CARD.width - 10}" y="${top + 16}" class="data soft" text-anchor="end">${escape(field.type)}</text>${field.key || field.link ? `<text x="${x + 11}" y="${top + 16}" class="soft">${field.key ? "⚷" : "↗"}</text>` : ""}`;
    });
    const rest = card.more > 0 ? `<text x="${x + 28}" y="${y + CARD.head + 17 + card.fields.length * CARD.row}" class="soft">${t("shared.n_more", { n: card.more })}</text>` : "";
    return `<g><rect x="${x + 0.5}" y="${y + 0.5}" width="${CARD.width - 1}" height="${card.height - 1}" rx="8" fill="${ink.sheet}" stroke="${ink.line}"/>${rows.join("")}<path d="M${x} ${y + CARD.head}h${CARD.width}" stroke="${ink.line}"/><text x="${x + 12}" y="${y + 21}" class="name">${escape(cut(card.name, 18))}</text><text x="${x + CARD.width - 10}" y="${y + 21}" class="soft" text-anchor="end">${card.count === undefined ? "draft" : card.count.toLocaleString("en-US")}</text>${rest}</g>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="${box.x - pad} ${box.y - pad} ${width} ${height}"><style>text{font:13px system-ui,sans-serif;fill:${ink.ink}}.data{font:12px ui-monospace,Menlo,Consolas,monospace}.soft{fill:${ink.soft};font-size:11px}.name{font-weight:600}</style><rect x="${box.x - pad}" y="${box.y - pad}" width="${width}" height="${height}" fill="${ink.frame}"/>${lines.join("")}${boxes.join("")}</svg>`;
}

/** A name that Mermaid takes as it is. @param {string} name */
const word = (name) => name.replace(/[^\p{L}\p{N}_-]/gu, "_") || "_";

/** @param {any[]} stores */
export function mermaidOf(stores) {
  const lines = ["erDiagram"];
  for (const store of stores) {
    const links = new Set((store.relations ?? []).flatMap((/** @type {any} */ one) => one.source_fields));
    lines.push(`  ${word(store.name)} {`, ...fieldsOf(store).map((one) => `    ${word(one.type)} ${word(one.name)}${one.key ? " PK" : links.has(one.name) ? " FK" : ""}`), "  }");
  }
  for (const store of stores) for (const one of store.relations ?? []) lines.push(`  ${word(store.name)} }o--|| ${word(one.target_store)} : "${one.source_fields.join(", ").replace(/["\n]/g, " ")}"`);
  return `${lines.join("\n")}\n`;
}

/** @param {string} name */
const inQuotes = (name) => `"${name.replaceAll("\\", "\\\\").replaceAll('"', '\\"')}"`;

/** @param {any[]} stores */
export function dbmlOf(stores) {
  const tables = stores.map((store) => {
    const fields = fieldsOf(store);
    const keys = fields.filter((one) => one.key);
    const rows = fields.map((one) => `  ${inQuotes(one.name)} ${one.type}${[one.key && keys.length === 1 ? "pk" : "", one.required ? "not null" : ""].filter(Boolean).length ? ` [${[one.key && keys.length === 1 ? "pk" : "", one.required ? "not null" : ""].filter(Boolean).join(", ")}]` : ""}`);
    const index = keys.length > 1 ? [`  indexes {\n    (${keys.map((one) => inQuotes(one.name)).join(", ")}) [pk]\n  }`] : [];
    const note = store.description ? [`  Note: '${store.description.replaceAll("\\", "\\\\").replaceAll("'", "\\'").replaceAll("\n", " ")}'`] : [];
    return `Table ${inQuotes(store.name)} {\n${[...rows, ...index, ...note].join("\n")}\n}`;
  });
  const refs = stores.flatMap((store) => (store.relations ?? []).map((/** @type {any} */ one) => `Ref: ${inQuotes(store.name)}.${side(one.source_fields)} > ${inQuotes(one.target_store)}.${side(one.target_fields)}`));
  return `${[...tables, ...refs].join("\n\n")}\n`;
}

/** @param {string[]} fields */
function side(fields) {
  return fields.length === 1 ? inQuotes(fields[0]) : `(${fields.map(inQuotes).join(", ")})`;
}

/** @param {any} store @returns {{name: string, type: string, key: boolean, required: boolean}[]} */
function fieldsOf(store) {
  const key = store.key?.fields?.length ? store.key.fields : [{ name: "key", type: store.key?.type ?? "string" }];
  const keys = key.map((/** @type {any} */ one) => ({ name: one.name, type: one.type, key: true, required: true }));
  const rest = [...(store.key?.ride_on ?? []), ...(store.schema?.fields ?? [])].filter((one) => !keys.some((/** @type {any} */ each) => each.name === one.name));
  return [...keys, ...rest.map((one) => ({ name: one.name, type: one.type, key: false, required: one.required === true }))];
}
