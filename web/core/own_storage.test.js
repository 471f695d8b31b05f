import assert from "node:assert/strict";
import { test } from "node:test";
import { ownStorage } from "./own_storage.js";

/** @returns {import("./own_storage.js").Kept & {all: Map<string, string>}} */
function kept() {
  const all = new Map();
  return { all, getItem: (name) => all.get(name) ?? null, setItem: (name, value) => void all.set(name, value), removeItem: (name) => void all.delete(name) };
}

test("what one keeps another does not find", () => {
  const storage = kept();
  const [ada, ed, all] = [ownStorage(storage, "ada"), ownStorage(storage, "ed"), ownStorage(storage, undefined)];
  ada.setItem("sop.staged.shop", "hers");
  assert.equal(ada.getItem("sop.staged.shop"), "hers");
  assert.equal(ed.getItem("sop.staged.shop"), null);
  assert.equal(all.getItem("sop.staged.shop"), null);
  ed.removeItem("sop.staged.shop");
  assert.equal(ada.getItem("sop.staged.shop"), "hers");
  ada.removeItem("sop.staged.shop");
  assert.equal(storage.all.size, 0);
});

test("no name looks like another one's", () => {
  const storage = kept();
  ownStorage(storage, "a@b").setItem("c", "1");
  assert.equal(ownStorage(storage, "a").getItem("b@c"), null);
});
