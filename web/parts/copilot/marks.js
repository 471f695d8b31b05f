// Rows of the grid that a waiting proposal is about have the copilot's edge, so that a person sees what it means.

import { isObject } from "../../core/json.js";
import { keyOfOne, keyText } from "../../core/keys.js";

/** @param {import("../context.js").Context} app @param {() => import("../../model/chat.js").Call[]} waiting */
export function wireMarks({ grid, session }, waiting) {
  let shown = false;
  const draw = () => {
    const { store } = grid;
    const rows = store ? waiting().flatMap((call) => (Array.isArray(call.approval?.changeset?.rows) ? call.approval.changeset.rows : [])).filter((row) => row.store === store.name && (row.database === undefined || row.database === session.place.database)) : [];
    if (!rows.length && !shown) return;
    const keys = new Set(rows.map((/** @type {any} */ row) => id(/** @type {any} */ (store).key, row.key)));
    shown = keys.size > 0;
    for (const row of grid.pool) {
      const key = shown && !row.hidden && row.line >= 0 ? grid.lineAt(row.line)?.item?.key : undefined;
      row.classList.toggle("proposed", key !== undefined && keys.has(id(/** @type {any} */ (store).key, key)));
    }
  };
  grid.addEventListener("view", draw);
  return draw;
}

/** A key as it reads, however it came: alone or by its fields, a point in time with or without fractions. @param {any} spec @param {any} key */
function id(spec, key) {
  return keyText(spec, isObject(key) ? key : keyOfOne(spec, key));
}
