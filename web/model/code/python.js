// A database as a Python module: dataclasses and a client of the HTTP API, from the standard library alone.

import { Names, commentText, quotedText, snake } from "./names.js";

/** @typedef {import("./model.js").Type} Type */
/** @typedef {import("./model.js").Record} Record */

const RESERVED = ["False", "None", "True", "and", "as", "assert", "async", "await", "break", "class", "continue", "def", "del", "elif", "else", "except", "finally", "for", "from", "global", "if", "import", "in", "is", "lambda", "nonlocal", "not", "or", "pass", "raise", "return", "try", "while", "with", "match", "case", "type", "self", "bytes", "str", "int", "float", "bool", "date", "time", "datetime", "field", "list", "dict", "Any", "Decimal", "UUID"];
const SCALARS = /** @type {{[kind: string]: string}} */ ({ string: "str", integer: "int", number: "Decimal", decimal: "Decimal", f32: "float", f64: "float", bool: "bool", date: "date", datetime: "datetime", timestamp: "datetime", time: "time", bytes: "bytes", uuid: "UUID", any: "Any" });

/** @param {Type} type @returns {string} */
function typeText(type) {
  if (type.kind === "array") return `list[${typeText(type.of)}]`;
  if (type.kind === "record") return type.record.title;
  return SCALARS[type.kind] ?? "int";
}

/** How a value is read from JSON. @param {Type} type @param {string} from @param {boolean} key keys write bytes as text @returns {string} */
function readText(type, from, key = false) {
  switch (type.kind) {
    case "array": return `[${readText(type.of, "one")} for one in ${from}]`;
    case "record": return `${type.record.title}.from_json(${from})`;
    case "number": case "decimal": return `Decimal(${from})`;
    case "f32": case "f64": return `float(${from})`;
    case "date": return `date.fromisoformat(${from})`;
    case "time": return `time.fromisoformat(${from})`;
    case "datetime": case "timestamp": return `_instant(${from})`;
    case "uuid": return `UUID(${from})`;
    case "bytes": return key ? `base64.b64decode(${from})` : `base64.b64decode(${from}["$bytes"])`;
    default: return from;
  }
}

/** @param {Record} record @param {boolean} key */
function recordText(record, key) {
  const names = new Names([...RESERVED, "from_json", "to_json"]);
  const fields = record.fields.map((field) => ({ ...field, ident: names.take(snake(field.name)), maybe: field.optional || field.nullable }));
  const plain = fields.filter((field) => !field.maybe);
  const rest = fields.filter((field) => field.maybe);
  const read = (/** @type {typeof fields[0]} */ field) => {
    const place = `data[${quotedText(field.name)}]`;
    return field.maybe ? `None if data.get(${quotedText(field.name)}) is None else ${readText(field.type, place, key)}` : readText(field.type, place, key);
  };
  return `@dataclass
class ${record.title}:
    """${commentText(record.note)}"""

${[...plain, ...rest].map((field) => `    ${field.ident}: ${typeText(field.type)}${field.maybe ? " | None = None" : ""}`).join("\n") || "    pass"}

    @staticmethod
    def from_json(data: dict) -> "${record.title}":
        return ${record.title}(${fields.map((field) => `\n            ${field.ident}=${read(field)},`).join("")}
        )

    def to_json(self) -> dict:
        data: dict = {}
${fields.map((field) => (field.optional ? `        if self.${field.ident} is not None:\n            data[${quotedText(field.name)}] = ${key && field.type.kind === "bytes" ? `base64.b64encode(self.${field.ident}).decode()` : `self.${field.ident}`}` : `        data[${quotedText(field.name)}] = ${key && field.type.kind === "bytes" ? `base64.b64encode(self.${field.ident}).decode()` : `self.${field.ident}`}`)).join("\n")}
        return data
`;
}

/** @param {import("./model.js").Model} model @param {{url: string}} how */
export function python(model, { url }) {
  const stores = new Names([...RESERVED, "call", "change"]);
  const listed = model.stores.map((store) => ({ store, ident: stores.take(snake(store.name), "store") }));
  const keyRead = (/** @type {Type} */ type) => `lambda data: ${readText(type, "data", true)}`;
  const text = `"""The database ${commentText(model.database)}, over the HTTP API. Standard library only; Python 3.11 or newer.

    SOP_TOKEN=… python ${snake(model.database) || "data"}.py
"""

from __future__ import annotations

import base64
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timezone
from decimal import Decimal
from typing import Any, Generic, TypeVar
from uuid import UUID

K = TypeVar("K")
V = TypeVar("V")


class Problem(Exception):
    """What the server refused, and why: \`code\` is stable, \`errors\` name places in what was sent."""

    def __init__(self, status: int, body: dict) -> None:
        super().__init__(body.get("detail") or body.get("title") or f"status {status}")
        self.status = status
        self.code = body.get("code", "")
        self.errors = body.get("errors", [])
        self.conflicts = body.get("conflicts", [])


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _dump(value: Any) -> str:
    """JSON that keeps every digit of a number."""
    if hasattr(value, "to_json"):
        return _dump(value.to_json())
    if isinstance(value, dict):
        return "{" + ",".join(json.dumps(name) + ":" + _dump(one) for name, one in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ",".join(map(_dump, value)) + "]"
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, datetime):
        text = value.isoformat()
        if value.microsecond:
            head, rest = text.split(".")
            text = head + "." + rest[:6].rstrip("0") + rest[6:]
        return json.dumps(text.replace("+00:00", "Z"))
    if isinstance(value, (date, time)):
        return json.dumps(value.isoformat())
    if isinstance(value, UUID):
        return json.dumps(str(value))
    if isinstance(value, (bytes, bytearray)):
        return json.dumps({"$bytes": base64.b64encode(value).decode()})
    return json.dumps(value, ensure_ascii=False)


@dataclass
class Item(Generic[K, V]):
    """An item with its version: the sequence of the commit that last changed it."""

    key: K
    value: V
    version: int
    id: int | None = None


@dataclass
class Page(Generic[K, V]):
    """Some items in the order of keys, and the cursor of those after them."""

    items: list[Item[K, V]]
    next: str | None
    count: int | None


class Client:
    """Calls to one server. The token is what the server printed when it started, or one that was made for you."""

    def __init__(self, url: str = ${quotedText(url)}, token: str = "") -> None:
        self.base = url.rstrip("/") + "/api/v1"
        self.token = token

    def call(self, method: str, path: str, body: Any = None, query: dict | None = None, headers: dict | None = None) -> Any:
        query = {name: one for name, one in (query or {}).items() if one is not None}
        address = self.base + path + ("?" + urllib.parse.urlencode(query) if query else "")
        data = None if body is None else _dump(body).encode()
        request = urllib.request.Request(address, data=data, method=method)
        request.add_header("Authorization", "Bearer " + self.token)
        request.add_header("Content-Type", "application/json")
        for name, one in (headers or {}).items():
            request.add_header(name, one)
        try:
            with urllib.request.urlopen(request) as answer:
                text = answer.read()
        except urllib.error.HTTPError as error:
            text = error.read()
            try:
                problem = json.loads(text)
            except ValueError:
                problem = {"detail": text.decode(errors="replace")[:300]}
            raise Problem(error.code, problem) from None
        return json.loads(text, parse_float=Decimal) if text else None


class Store(Generic[K, V]):
    """The items of a store."""

    def __init__(self, client: Client, database: str, name: str, key: Callable[[Any], K], value: Callable[[Any], V], key_json: Callable[[K], Any]) -> None:
        self.client = client
        self.name = name
        self.path = "/databases/" + urllib.parse.quote(database, safe="") + "/stores/" + urllib.parse.quote(name, safe="")
        self._key, self._value, self._key_json = key, value, key_json

    def _item(self, data: dict) -> Item[K, V]:
        return Item(self._key(data["key"]), self._value(data["value"]), data["version"], data.get("id"))

    def page(self, limit: int = 100, after: str | None = None, filter: dict | None = None, prefix: list | None = None) -> Page[K, V]:
        query = {"limit": limit, "after": after, "filter": None if filter is None else _dump(filter), "prefix": None if prefix is None else _dump(prefix)}
        data = self.client.call("GET", self.path + "/items", query=query)
        return Page([self._item(one) for one in data["items"]], data.get("next"), data.get("count"))

    def all(self, filter: dict | None = None, prefix: list | None = None) -> Iterator[Item[K, V]]:
        """All items, page after page; what changes meanwhile is met or not, never twice."""
        after = None
        while True:
            page = self.page(1000, after, filter, prefix)
            yield from page.items
            after = page.next
            if after is None:
                return

    def count(self) -> int:
        return self.client.call("GET", self.path + "/count")["count"]

    def get(self, key: K) -> Item[K, V] | None:
        try:
            return self._item(self.client.call("GET", self.path + "/item", query={"key": _dump(self._key_json(key))}))
        except Problem as problem:
            if problem.status == 404 and problem.code == "item_not_found":
                return None
            raise

    def insert(self, key: K, value: V) -> int:
        """Adds an item; its version."""
        return self.client.call("POST", self.path + "/items", {"key": self._key_json(key), "value": value})["version"]

    def put(self, key: K, value: V, version: int | None = None) -> int:
        """Writes an item. With a version only when nobody changed it since: else a problem of status 412."""
        headers = {} if version is None else {"If-Match": str(version)}
        return self.client.call("PUT", self.path + "/item", {"value": value}, {"key": _dump(self._key_json(key))}, headers)["version"]

    def delete(self, key: K, version: int | None = None) -> None:
        headers = {} if version is None else {"If-Match": str(version)}
        self.client.call("DELETE", self.path + "/item", query={"key": _dump(self._key_json(key))}, headers=headers)

    def change(self, op: str, key: K, value: V | None = None, version: int | None = None) -> dict:
        """One change of several for \`${model.title}.change\`: insert, upsert, update or delete."""
        change = {"op": op, "store": self.name, "key": self._key_json(key)}
        if op != "delete":
            change["value"] = value
        if version is not None:
            change["if_version"] = version
        return change


${model.stores.flatMap((store) => store.records.map((record) => recordText(record, store.key.type.kind === "record" && store.key.type.record === record))).join("\n\n")}

class ${model.title}:
    """The stores of ${commentText(model.database)}."""

    def __init__(self, client: Client) -> None:
        self.client = client
${listed.map(({ store, ident }) => `        self.${ident}: Store[${typeText(store.key.type)}, ${typeText(store.value)}] = Store(client, ${quotedText(model.database)}, ${quotedText(store.name)}, ${keyRead(store.key.type)}, lambda data: ${readText(store.value, "data")}, lambda key: ${!store.key.composite && store.key.type.kind === "bytes" ? "base64.b64encode(key).decode()" : "key"})`).join("\n")}

    def change(self, changes: list[dict], dry_run: bool = False) -> dict:
        """All of these changes as one transaction, or none of them: then the problem has \`conflicts\`."""
        return self.client.call("POST", "/databases/" + urllib.parse.quote(${quotedText(model.database)}, safe="") + "/changes", {"changes": changes, "dry_run": dry_run})


def main() -> None:
    data = ${model.title}(Client(os.environ.get("SOP_URL", ${quotedText(url)}), os.environ.get("SOP_TOKEN", "")))
    for store in [${listed.map(({ ident }) => `data.${ident}`).join(", ")}]:
        print(store.name, store.count())
        for item in store.page(5).items:
            print("   ", item.key, item.value)
            if os.environ.get("SOP_TOUCH"):  # writes each item as it was read
                store.put(item.key, item.value, item.version)


if __name__ == "__main__":
    main()
`;
  return { file: `${snake(model.database) || "data"}.py`, text };
}
