import { test } from "node:test";
import assert from "node:assert/strict";
import { Api } from "../../core/http.js";
import { QueryRun, faultOf } from "./run.js";

/** @param {string[]} lines @param {{status?: number, open?: boolean}} [how] */
function answering(lines, { status = 200, open = false } = {}) {
  /** @type {{method: string, url: string, body: any}[]} */
  const calls = [];
  const api = new Api(async (url, options) => {
    calls.push({ method: String(options?.method), url: String(url), body: options?.body });
    if (options?.method === "DELETE") return new Response(null, { status: 204 });
    const signal = options?.signal;
    const body = status === 200 ? new ReadableStream({
      start(controller) {
        for (const line of lines) controller.enqueue(new TextEncoder().encode(`${line}\n`));
        if (open) signal?.addEventListener("abort", () => controller.error(signal.reason));
        else controller.close();
      },
    }) : lines.join("\n");
    return new Response(body, { status });
  });
  return { api, calls };
}

test("a run gives columns, rows and figures", async () => {
  const { api, calls } = answering(['{"id":"q1"}', '{"columns":[{"name":"n","type":"integer"}]}', "[1]", "[18446744073709551615]", '{"stats":{"elapsed_ms":4.5,"rows":2,"scanned":9,"nodes_read":3},"sequence":7}']);
  const run = new QueryRun({ api, url: "/q", request: { sql: "SELECT 1", params: { a: 1 } } });
  let ends = 0;
  run.addEventListener("end", () => (ends += 1));
  await run.start();
  assert.deepEqual([run.state, run.id, run.rows.count, run.elapsed, run.stats?.sequence, ends], ["done", "q1", 2, 4.5, 7, 1]);
  assert.equal(String(run.rows.at(1)?.[0]), "18446744073709551615");
  assert.deepEqual(JSON.parse(calls[0].body), { sql: "SELECT 1", params: { a: 1 } });
});

test("an error in the middle keeps the rows before it", async () => {
  const { api } = answering(['{"columns":[]}', "[1]", '{"error":{"title":"Bad","detail":"No.","code":"query","errors":[{"at":7,"suggestions":["a","b"]}]}}']);
  const run = await new QueryRun({ api, url: "/q", request: { sql: "x" } }).start();
  assert.equal(run.state, "failed");
  assert.deepEqual(run.fault, { message: "No.", code: "query", at: 7, suggestions: ["a", "b"] });
  assert.equal(run.rows.count, 1);
});

test("a refusal is a fault with its place, and an answer that breaks off is no result", async () => {
  const { api } = answering(['{"title":"t","detail":"There is no store “Invoic”.","code":"unknown","errors":[{"at":14,"suggestions":["Invoice"]}]}'], { status: 400 });
  const refused = await new QueryRun({ api, url: "/q", request: { sql: "x" } }).start();
  assert.deepEqual([refused.state, refused.fault?.at, refused.fault?.suggestions], ["failed", 14, ["Invoice"]]);
  const cut = await new QueryRun({ ...answering(['{"columns":[]}', "[1]"]), url: "/q", request: { sql: "x" } }).start();
  assert.deepEqual([cut.state, cut.fault?.code], ["failed", "broken_off"]);
});

test("cancelling tells the server, ends once and keeps what came", async () => {
  const { api, calls } = answering(['{"id":"q/9"}', '{"columns":[{"name":"n","type":"integer"}]}', "[1]"], { open: true });
  const run = new QueryRun({ api, url: "/q", request: { sql: "x" } });
  let ends = 0;
  run.addEventListener("end", () => (ends += 1));
  run.addEventListener("change", () => run.rows.count === 1 && run.cancel());
  await run.start();
  run.cancel();
  assert.deepEqual([run.state, run.rows.count, ends], ["cancelled", 1, 1]);
  assert.deepEqual(calls.map((one) => `${one.method} ${one.url}`), ["POST /q", "DELETE /api/v1/queries/q%2F9"]);
});

test("whatever comes as an error has a message", () => {
  assert.equal(faultOf(undefined).message, "The query failed.");
  assert.equal(faultOf({ title: "T" }).message, "T");
  assert.equal(faultOf({ detail: "d", errors: [{ at: -1 }] }).at, undefined);
});
