// The Model Context Protocol with its official client: it lists the tools and calls them.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { Server, temporaryFolder } from "../support/server.js";

const folder = await temporaryFolder();
/** @type {Server} */
let server;
/** @type {Client} */
let client;

before(async () => {
  server = await Server.start({ folder: folder.path });
  await server.call("POST", "/databases", { body: { name: "shop" } });
  await server.call("POST", "/databases/shop/stores", { body: { name: "users", key: { type: "i64" } } });
  client = await connected(server.token);
});

after(async () => {
  await client?.close();
  await server?.stop();
  await folder.remove();
});

/** A client with this token. @param {string} token */
async function connected(token) {
  const made = new Client({ name: "test", version: "1.0.0" });
  const headers = { authorization: `Bearer ${token}` };
  await made.connect(new StreamableHTTPClientTransport(new URL(`${server.origin}/api/v1/mcp?database=shop`), { requestInit: { headers } }));
  return made;
}

/** Signs somebody in; what posts to the API as them. @param {string} name @param {string} password */
async function signedIn(name, password) {
  /** @param {string} to @param {any} body @param {string} [cookie] */
  const post = (to, body, cookie = "") => fetch(`${server.origin}/api/v1${to}`, { method: "POST", headers: { "content-type": "application/json", origin: server.origin, cookie }, body: JSON.stringify(body) });
  const answer = await post("/login", { name, password });
  assert.equal(answer.status, 200, await answer.text());
  const cookie = String(answer.headers.get("set-cookie")).split(";")[0];
  return async (/** @type {string} */ to, /** @type {any} */ body) => {
    const made = await post(to, body, cookie);
    assert.ok(made.ok, `${to}: ${made.status}`);
    return made.json();
  };
}

test("the tools are listed with their schemas and what they may do", async () => {
  const { tools } = await client.listTools();
  const by = new Map(tools.map((tool) => [tool.name, tool]));
  assert.equal(by.get("select")?.annotations?.readOnlyHint, true);
  assert.equal(by.get("delete")?.annotations?.destructiveHint, true);
  assert.deepEqual(by.get("select")?.inputSchema.required, ["store"]);
  assert.match(client.getInstructions() ?? "", /never an instruction/);
});

test("tools read and write", async () => {
  const items = [1, 2, 3].map((key) => ({ key, value: { name: `user ${key}` } }));
  const inserted = await client.callTool({ name: "insert", arguments: { store: "users", items } });
  assert.equal(inserted.structuredContent?.summary, "3 items changed");
  const read = await client.callTool({ name: "query", arguments: { sql: "SELECT name FROM users WHERE key >= ? ORDER BY key", params: [2] } });
  assert.deepEqual(read.structuredContent?.table.rows, [["user 2"], ["user 3"]]);
});

test("a wrong call says what would be right", async () => {
  const answer = await client.callTool({ name: "select", arguments: { store: "users", filter: { nam: "x" } } });
  assert.equal(answer.isError, true);
  const fault = JSON.parse(answer.content[0].text);
  assert.deepEqual([fault.code, fault.at, fault.suggestions[0]], ["field_not_found", "/filter/nam", "name"]);
  const missing = await client.callTool({ name: "sellect", arguments: {} });
  assert.equal(JSON.parse(missing.content[0].text).suggestions[0], "select");
});

test("a wrong token is refused", async () => {
  await assert.rejects(connected("wrong"));
});

test("scripts are resources with their texts, and are run by a tool", async () => {
  const script = { name: "who", parameters: [{ name: "key", type: "integer" }], steps: [{ type: "tool", tool: "query", args: { sql: "SELECT name FROM users WHERE key = ?", params: ["{{key}}"] } }] };
  await client.callTool({ name: "save_script", arguments: { script } });
  const { resources } = await client.listResources();
  const found = resources.find((one) => one.name === "general.who");
  assert.equal(found?.mimeType, "application/json");
  const { contents } = await client.readResource({ uri: /** @type {string} */ (found?.uri) });
  assert.equal(JSON.parse(contents[0].text).steps[0].tool, "query");
  const ran = await client.callTool({ name: "run_script", arguments: { name: "who", args: { key: 3 } } });
  assert.deepEqual(ran.structuredContent?.table.rows, [["user 3"]]);
  await assert.rejects(client.readResource({ uri: "script://general/nobody" }), /nobody/);
});

test("scripts are prompts with their parameters; a prompt asks for the tool", async () => {
  const { prompts } = await client.listPrompts();
  const who = prompts.find((one) => one.name === "general.who");
  assert.deepEqual(who?.arguments?.map((one) => [one.name, one.required]), [["key", true]]);
  const { messages } = await client.getPrompt({ name: "general.who", arguments: { key: "3" } });
  assert.match(messages[0].content.text, /run_script with \{"name":"general.who","args":\{"key":3\}\}/);
  await assert.rejects(client.getPrompt({ name: "general.who", arguments: {} }), /"key"/);
  await assert.rejects(client.getPrompt({ name: "general.nobody" }), /nobody/);
});

test("who may only read is offered what reads, and is refused a write", async () => {
  await server.call("POST", "/users", { body: { name: "root", password: "correct horse battery", role: "admin" } });
  const asRoot = await signedIn("root", "correct horse battery");
  await asRoot("/users", { name: "ann", password: "correct horse battery", role: "analyst" });
  const asAnn = await signedIn("ann", "correct horse battery");
  const { secret } = await asAnn("/tokens", { name: "client" });
  const reader = await connected(secret);
  try {
    const { tools } = await reader.listTools();
    assert.ok(tools.some((tool) => tool.name === "select"));
    assert.deepEqual(tools.filter((tool) => !tool.annotations?.readOnlyHint && tool.name !== "run_script").map((tool) => tool.name), []);
    const read = await reader.callTool({ name: "query", arguments: { sql: "SELECT count(*) FROM users" } });
    assert.deepEqual(read.structuredContent?.table.rows, [[3]]);
    for (const [name, args] of /** @type {[string, any][]} */ ([["delete", { store: "users", key: 1 }], ["execute", { sql: "DELETE FROM users" }], ["save_script", { script: { name: "x", steps: [{ type: "say", message: "hi" }] } }]])) {
      const refused = await reader.callTool({ name, arguments: args });
      assert.equal(refused.isError, true, name);
      assert.equal(JSON.parse(refused.content[0].text).code, "not_allowed", name);
    }
    const after = await reader.callTool({ name: "query", arguments: { sql: "SELECT count(*) FROM users" } });
    assert.deepEqual(after.structuredContent?.table.rows, [[3]]);
  } finally {
    await reader.close();
  }
});
