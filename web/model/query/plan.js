// The plan of a query as lines of a tree, each with its share.
//
// Holds: every node is shown once, children under their parent in the order in which they came; a node whose parent is
// missing, or that is its own ancestor, stands at the top. Shares are of the time where it was measured, else of the rows.

/** @typedef {{id: any, parent?: any, operator: string, detail?: string, access?: string, estimated_rows?: number, rows?: number, loops?: number, time_ms?: number, nodes_read?: number}} PlanNode */
/** @typedef {{node: PlanNode, depth: number, share: number, last: boolean}} PlanLine */

/** A node as people read it: its verb in capitals and once, nothing said twice, what is not known left out. @param {any} node @returns {PlanNode} */
function readable(node) {
  const known = /** @type {any} */ (Object.fromEntries(Object.entries(node).filter(([, value]) => value !== null)));
  const verb = String(known.operator ?? "step");
  const detail = String(known.detail ?? "");
  const rest = (detail.toLowerCase().startsWith(`${verb.toLowerCase()} `) ? detail.slice(verb.length + 1) : detail).replace(/^USE TEMP B-TREE (?:FOR )?/, "for ");
  const access = known.access && !detail.includes(known.access) ? known.access : undefined;
  return { ...known, operator: verb.charAt(0).toUpperCase() + verb.slice(1), detail: rest, access };
}

/**
 * @param {PlanNode[]} given @param {number | null} [elapsed] the time of the whole, where it was measured
 * @returns {{lines: PlanLine[], measured: boolean, time: number, nodesRead: number | undefined}}
 */
export function planLines(given, elapsed) {
  const nodes = given.map(readable);
  const ids = new Set(nodes.map((node) => node.id));
  /** @type {Map<any, PlanNode[]>} */
  const children = new Map();
  /** @type {PlanNode[]} */
  const tops = [];
  for (const node of nodes) {
    if (node.parent === undefined || node.parent === null || !ids.has(node.parent) || node.parent === node.id) tops.push(node);
    else children.set(node.parent, [...(children.get(node.parent) ?? []), node]);
  }
  const measured = nodes.some((node) => typeof node.time_ms === "number");
  /** @param {PlanNode} node */
  const weight = (node) => Math.max(0, measured ? (node.time_ms ?? 0) : (node.rows ?? node.estimated_rows ?? 0));
  const parts = nodes.reduce((total, node) => total + weight(node), 0);
  const sum = measured ? Math.max(parts, elapsed ?? 0) : parts;
  /** @type {PlanLine[]} */
  const lines = [];
  const seen = new Set();
  /** @param {PlanNode} node @param {number} depth @param {boolean} last */
  const walk = (node, depth, last) => {
    if (seen.has(node)) return;
    seen.add(node);
    lines.push({ node, depth, share: sum ? weight(node) / sum : 0, last });
    const below = children.get(node.id) ?? [];
    below.forEach((child, at) => walk(child, depth + 1, at === below.length - 1));
  };
  tops.forEach((node, at) => walk(node, 0, at === tops.length - 1));
  for (const node of nodes) walk(node, 0, true); // a ring has no top
  const read = nodes.filter((node) => typeof node.nodes_read === "number");
  return { lines, measured, time: measured ? sum : 0, nodesRead: read.length ? read.reduce((total, node) => total + (node.nodes_read ?? 0), 0) : undefined };
}

/** A sentence of advice, whatever form it came in. @param {any} advice */
export function adviceText(advice) {
  return typeof advice === "string" ? advice : String(advice?.detail ?? advice?.text ?? advice?.message ?? "");
}
