import { test } from "node:test";
import assert from "node:assert/strict";
import { effect, headline, parameters, quoted, statementAt, statements, tokens, unquoted, verb } from "./sql_text.js";

test("a semicolon ends a statement only where it is one", () => {
  const text = `-- first; really
SELECT ';' AS "a;b", [c;d], \`e;f\`; /* ; */ ;; SELECT 'it''s; so' -- end;
;
`;
  assert.deepEqual(statements(text).map((one) => one.text), [`SELECT ';' AS "a;b", [c;d], \`e;f\``, "SELECT 'it''s; so'"]);
  for (const one of statements(text)) assert.equal(text.slice(one.from, one.to), one.text);
  assert.deepEqual(statements(" -- nothing\n"), []);
});

test("texts, names and comments without an end take the rest, and nothing is lost", () => {
  for (const text of ["SELECT 'open; x", 'SELECT "open; x', "SELECT /* open; x", "SELECT [open; x", "a'", '"', "'", "`", "[", "/*", "💥;💥"]) {
    const list = tokens(text);
    let at = 0;
    for (const token of list) {
      assert.equal(text.slice(at, token.from).trim(), "", text);
      assert.equal(text.slice(token.from, token.to), token.text);
      at = token.to;
    }
    assert.equal(text.slice(at).trim(), "", text);
  }
  assert.equal(statements("SELECT 'open; x").length, 1);
  assert.equal(statements("💥;💥").length, 2);
});

test("the statement at a place is the one around it, then the one before on its line, then the next", () => {
  const text = "SELECT 1;  \n\n\nSELECT 2;\n\n";
  assert.equal(statementAt(text, 3)?.text, "SELECT 1");
  assert.equal(statementAt(text, 10)?.text, "SELECT 1", "after its semicolon");
  assert.equal(statementAt(text, 13)?.text, "SELECT 2", "on an empty line: the next");
  assert.equal(statementAt(text, text.length)?.text, "SELECT 2", "after the last: the last");
  assert.equal(statementAt("-- nothing", 3), undefined);
});

test("parameters are found once each, not in texts, names or comments", () => {
  const ids = (/** @type {string} */ text) => parameters(text).map((one) => one.id);
  assert.deepEqual(ids("SELECT :a, ':b', \":c\", -- :d\n@e, $f, :a"), [":a", "@e", "$f"]);
  assert.deepEqual(ids("SELECT ?, ?3, ?, ?1"), ["?1", "?3", "?4"]);
  assert.deepEqual(ids("SELECT a ->> '$.b', '12:30', ts"), []);
});

test("what a statement does is known by its verb", () => {
  assert.equal(verb("-- x\n with a AS (SELECT 1), b(x) AS (DELETE) insert into t SELECT 1"), "INSERT");
  assert.equal(effect("WITH a AS (SELECT 1) SELECT * FROM a"), "read");
  assert.equal(effect("/* */ update x set y = 1"), "write");
  assert.equal(effect("create store x (id bigint)"), "define");
  assert.equal(effect("EXPLAIN QUERY PLAN SELECT 1"), "read");
  assert.equal(effect(""), "read");
});

test("names are quoted where they must be, and back", () => {
  assert.equal(quoted("Invoice"), "Invoice");
  assert.equal(quoted("order"), '"order"');
  assert.equal(quoted('a "b"'), '"a ""b"""');
  assert.equal(quoted("key.x"), '"key.x"');
  for (const text of ['"a ""b"""', "`a`", "[a]", "a"]) assert.ok(unquoted(text).startsWith("a"));
  assert.equal(unquoted('"a ""b"""'), 'a "b"');
  assert.equal(headline("-- x\nSELECT\n  1", 100), "SELECT 1");
});
