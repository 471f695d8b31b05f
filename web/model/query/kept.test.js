import { test } from "node:test";
import assert from "node:assert/strict";
import { stringify } from "../../core/json.js";
import { History } from "./history.js";
import { parameterKind, parameterValue, requestParameters } from "./parameters.js";
import { QueryTabs } from "./query_tabs.js";
import { parameters } from "./sql_text.js";

test("tabs read back as they were saved", () => {
  const tabs = new QueryTabs();
  tabs.ensure();
  tabs.keep(tabs.active, { text: "SELECT :a", params: { ":a": "1" }, at: 4 });
  tabs.add({ title: "Revenue", text: "SELECT 2" });
  tabs.rename(tabs.active, "  Revenue   by country ");
  const again = new QueryTabs();
  again.load(tabs.save());
  assert.deepEqual(again.list, tabs.list);
  assert.equal(again.open?.title, "Revenue by country");
  assert.equal(again.save(), tabs.save());
  assert.notEqual(again.add().id, again.list[0].id, "a new tab has an id of its own");
});

test("broken tabs are left out", () => {
  const tabs = new QueryTabs();
  for (const text of [null, "", "{", "5", "null", '{"tabs":5}', '{"tabs":[null,{"id":1},{"id":"1"}]}']) {
    tabs.load(text);
    assert.deepEqual(tabs.list, [], String(text));
  }
  tabs.load('{"active":"9","tabs":[{"id":"1","text":"a","params":{"x":5,":y":"2"}},{"id":"1","text":"b"}]}');
  assert.deepEqual(tabs.list, [{ id: "1", title: "Query", text: "a", params: { ":y": "2" }, at: undefined }]);
  assert.equal(tabs.active, "1");
});

test("closing opens the neighbour, and a closed tab comes back", () => {
  const tabs = new QueryTabs();
  for (let at = 0; at < 3; at += 1) tabs.add();
  assert.deepEqual(tabs.list.map((one) => one.title), ["Query 1", "Query 2", "Query 3"]);
  tabs.go(tabs.list[1].id);
  const gone = tabs.close(tabs.active);
  assert.equal(tabs.open?.title, "Query 3");
  assert.equal(tabs.add().title, "Query 2", "a free number");
  tabs.close(tabs.active);
  if (gone) tabs.restore(gone);
  assert.equal(tabs.open?.title, "Query 2");
  tabs.step(1);
  assert.equal(tabs.open?.title, "Query 1");
  tabs.step(-1);
  assert.equal(tabs.open?.title, "Query 2");
  while (tabs.list.length) tabs.close(tabs.active);
  assert.equal(tabs.open, undefined);
  assert.equal(tabs.ensure().title, "Query 1");
  for (let at = 0; at < 100; at += 1) tabs.add();
  assert.ok(tabs.list.length <= 30 && tabs.open);
});

test("a statement run again is one entry, the newest first", () => {
  const history = new History();
  history.add({ sql: "SELECT 1", at: 1, rows: 1 });
  history.add({ sql: "SELECT 2", at: 2, failed: "no" });
  history.add({ sql: "SELECT\n  1", at: 3, rows: 9 });
  history.add({ sql: "  ", at: 4 });
  assert.deepEqual(history.ran.map((one) => [one.at, one.rows]), [[3, 9], [2, undefined]]);
  for (let at = 10; at < 500; at += 1) history.add({ sql: `SELECT ${at}`, at });
  assert.equal(history.ran.length, 200);
  assert.deepEqual(History.read(history.write()), history);
  assert.equal(history.findRan("select 499").length, 1);
  for (const text of [null, "{", "5", '{"ran":[{"sql":1}],"saved":[{}]}']) assert.deepEqual(History.read(text), new History());
});

test("a saved query has a name of its own", () => {
  const history = new History();
  assert.equal(history.save(" b ", "SELECT 1", 1), false);
  assert.equal(history.save("a", "SELECT 2", 2), false);
  assert.equal(history.save("b", "SELECT 3", 3), true);
  assert.deepEqual(history.saved.map((one) => [one.name, one.sql]), [["a", "SELECT 2"], ["b", "SELECT 3"]]);
  history.forget("a");
  assert.deepEqual(history.findSaved("B 3").map((one) => one.name), ["b"]);
});

test("typed parameters keep their kind and every digit", () => {
  const texts = ["18446744073709551615", "1.10", "true", "null", "", undefined, "2024-01-01", '"5"', "'it''s'", "[1,2]", "{bad", "007"];
  assert.deepEqual(texts.map((text) => stringify(parameterValue(text))), ["18446744073709551615", "1.10", "true", "null", "null", "null", '"2024-01-01"', '"5"', '"it\'s"', "[1,2]", '"{bad"', '"007"']);
  assert.deepEqual(["18446744073709551615", "2024-01-01", "x", "true", "", "[1]"].map(parameterKind), ["n", "d", "", "b", "null", ""]);
  assert.equal(stringify(requestParameters(parameters("SELECT :a, @b, ?"), { ":a": "1", "@b": "x" })), '{"1":null,"a":1,"b":"x"}');
  assert.equal(stringify(requestParameters(parameters("SELECT ?, ?3"), { "?1": "5", "?3": "z" })), '[5,null,"z"]');
  assert.equal(requestParameters([], {}), undefined);
});
