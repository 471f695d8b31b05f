import { test } from "node:test";
import assert from "node:assert/strict";
import { Api, ApiError, NetworkError, lines, path, withQuery } from "./http.js";

test("paths and queries are escaped", () => {
  assert.equal(path("databases", "a/b ü", "stores"), "/api/v1/databases/a%2Fb%20%C3%BC/stores");
  assert.equal(withQuery("/x", { a: 1, b: undefined, c: null, d: '["&"]' }), "/x?a=1&d=%5B%22%26%22%5D");
});

test("a problem document becomes an error with the server's words", async () => {
  const api = new Api(async () => new Response('{"title":"No store","detail":"There is no store “x”.","code":"store_not_found","errors":[{"suggestions":["xs"]}]}', { status: 404 }));
  await assert.rejects(api.get("/x"), (error) => error instanceof ApiError && error.code === "store_not_found" && error.message === "There is no store “x”." && error.suggestions[0] === "xs");
});

test("an answer that is no problem document is still said", async () => {
  await assert.rejects(new Api(async () => new Response("bad gateway", { status: 502 })).get("/x"), /bad gateway/);
  await assert.rejects(new Api(async () => new Response("", { status: 500 })).get("/x"), /answered 500/);
});

test("the connection is said to be lost once and found once", async () => {
  let up = false;
  const api = new Api(async () => {
    if (!up) throw new TypeError("failed");
    return new Response("{}");
  });
  /** @type {string[]} */
  const said = [];
  for (const event of ["lost", "found"]) api.addEventListener(event, () => said.push(event));
  await assert.rejects(api.get("/x"), NetworkError);
  await assert.rejects(api.get("/x"), NetworkError);
  up = true;
  await api.get("/x");
  assert.deepEqual(said, ["lost", "found"]);
});

test("exact numbers go both ways", async () => {
  /** @type {any} */
  let sent;
  const api = new Api(async (_, options) => {
    sent = options?.body;
    return new Response('{"n":18446744073709551615}');
  });
  const answer = await api.post("/x", { n: (await api.get("/x")).n });
  assert.equal(sent, '{"n":18446744073709551615}');
  assert.equal(String(answer.n), "18446744073709551615");
});

test("lines come as they come", async () => {
  const chunks = ['{"a":', '1}\n\n{"a"', ":2}\n", '{"a":3}'];
  const stream = new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(new TextEncoder().encode(chunk));
      controller.close();
    },
  });
  const got = [];
  for await (const line of lines(stream)) got.push(line.a);
  assert.deepEqual(got, [1, 2, 3]);
});
