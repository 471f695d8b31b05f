// A database as a Go file: structs and a client of the HTTP API, from the standard library alone (Go 1.21 or newer).

import { Names, commentText, pascal, quotedText, snake } from "./names.js";

/** @typedef {import("./model.js").Type} Type */
/** @typedef {import("./model.js").Record} Record */

const RESERVED = ["Client", "Store", "Item", "Page", "Problem", "Change", "Outcome", "Bytes", "New", "MarshalJSON", "UnmarshalJSON", "String", "Error"];
const SCALARS = /** @type {{[kind: string]: string}} */ ({ string: "string", integer: "int64", i64: "int64", i32: "int32", i16: "int16", i8: "int8", u64: "uint64", u32: "uint32", u16: "uint16", u8: "uint8", number: "json.Number", decimal: "json.Number", f64: "float64", f32: "float32", bool: "bool", date: "string", time: "string", datetime: "string", timestamp: "time.Time", uuid: "string", any: "any" });

/** @param {Type} type @param {boolean} [key] @returns {string} */
function typeText(type, key = false) {
  if (type.kind === "array") return `[]${typeText(type.of)}`;
  if (type.kind === "record") return type.record.title;
  if (type.kind === "bytes") return key ? "[]byte" : "Bytes";
  return SCALARS[type.kind];
}

/** What can be nil by itself needs no pointer. @param {Type} type */
const isNil = (type) => type.kind === "array" || type.kind === "any" || type.kind === "bytes";

/** A tag: in back quotes where it has none. @param {string} name @param {boolean} omit */
function tag(name, omit) {
  const text = `json:${quotedText(`${name}${omit ? ",omitempty" : ""}`)}`;
  return text.includes("`") ? quotedText(text) : `\`${text}\``;
}

/** Names that a tag of encoding/json cannot hold. @param {string} name */
const isTaggable = (name) => name !== "" && name !== "-" && !/[\\'"`,\u0000-\u001f\u007f]/.test(name);

/** @param {Record} record @param {boolean} key */
function recordText(record, key) {
  const names = new Names([...RESERVED, "Extra"]);
  const left = record.fields.filter((field) => !isTaggable(field.name));
  return `// ${record.title}: ${commentText(record.note)}${left.length ? `\n// Left out, since encoding/json has no tag for their names: ${left.map((field) => commentText(field.name)).join("; ")}.` : ""}
type ${record.title} struct {
${record.fields.filter((field) => isTaggable(field.name)).map((field) => {
    const type = typeText(field.type, key);
    const maybe = field.optional || field.nullable;
    return `\t${names.take(pascal(field.name), "Field")} ${maybe && !isNil(field.type) ? "*" : ""}${type} ${tag(field.name, field.optional)}`;
  }).join("\n")}
}
`;
}

/** @param {import("./model.js").Model} model @param {{url: string}} how */
export function go(model, { url }) {
  const names = new Names([...RESERVED, "Client"]);
  const listed = model.stores.map((store) => ({ store, ident: names.take(pascal(store.name), "Items"), types: `${typeText(store.key.type, true)}, ${typeText(store.value)}` }));
  const times = model.stores.some((store) => store.records.some((record) => record.fields.some((field) => typeText(field.type).includes("time.Time"))) || typeText(store.key.type).includes("time.Time"));
  const text = `// The database ${commentText(model.database)}, over the HTTP API. Standard library only; Go 1.21 or newer.
//
//	SOP_TOKEN=… go run ${snake(model.database) || "data"}.go
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
${times ? '\t"time"\n' : ""})

${model.stores.flatMap((store) => store.records.map((record) => recordText(record, store.key.type.kind === "record" && store.key.type.record === record))).join("\n")}
// Bytes of a value; JSON carries them as base64 under one name.
type Bytes struct {
	Data []byte \`json:"$bytes"\`
}

// Item with its version: the sequence of the commit that last changed it.
type Item[K any, V any] struct {
	Key     K      \`json:"key"\`
	Value   V      \`json:"value"\`
	Version uint64 \`json:"version"\`
	ID      uint64 \`json:"id,omitempty"\`
}

// Page of items in the order of keys; Next is the cursor of those after them, empty at the end.
type Page[K any, V any] struct {
	Items []Item[K, V] \`json:"items"\`
	Next  string       \`json:"next"\`
}

// Change is one of several that happen whole or not at all.
type Change struct {
	Op        string  \`json:"op"\`
	Store     string  \`json:"store"\`
	Key       any     \`json:"key"\`
	Value     any     \`json:"value,omitempty"\`
	IfVersion *uint64 \`json:"if_version,omitempty"\`
}

// Problem is what the server refused, and why; Code is stable.
type Problem struct {
	Status    int             \`json:"status"\`
	Code      string          \`json:"code"\`
	Title     string          \`json:"title"\`
	Detail    string          \`json:"detail"\`
	Conflicts json.RawMessage \`json:"conflicts"\`
}

func (problem *Problem) Error() string {
	if problem.Detail != "" {
		return problem.Detail
	}
	return problem.Title + " (" + strconv.Itoa(problem.Status) + ")"
}

// Client calls one server. The token is what the server printed when it started, or one that was made for you.
type Client struct {
	URL   string
	Token string
}

// Filter is a filter document: {"field": value} or {"field": {"$gt": 5}}, joined by $and, $or, $not.
type Filter map[string]any

func (client *Client) call(method, path string, query url.Values, body any, version *uint64, answer any) error {
	var data []byte
	if body != nil {
		var err error
		if data, err = json.Marshal(body); err != nil {
			return err
		}
	}
	address := strings.TrimSuffix(client.URL, "/") + "/api/v1" + path
	if len(query) > 0 {
		address += "?" + query.Encode()
	}
	request, err := http.NewRequest(method, address, bytes.NewReader(data))
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+client.Token)
	request.Header.Set("Content-Type", "application/json")
	if version != nil {
		request.Header.Set("If-Match", strconv.FormatUint(*version, 10))
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return err
	}
	if response.StatusCode >= 300 {
		problem := &Problem{Status: response.StatusCode}
		if json.Unmarshal(text, problem) != nil {
			problem.Detail = string(text)
		}
		return problem
	}
	if answer == nil || len(text) == 0 {
		return nil
	}
	return json.Unmarshal(text, answer)
}

// Store is the items of a store.
type Store[K any, V any] struct {
	Name   string
	client *Client
	path   string
}

func newStore[K any, V any](client *Client, database, name string) *Store[K, V] {
	return &Store[K, V]{Name: name, client: client, path: "/databases/" + url.PathEscape(database) + "/stores/" + url.PathEscape(name)}
}

// Page reads at most limit items after a cursor, of those that the filter lets through; both may be empty.
func (store *Store[K, V]) Page(limit int, after string, filter Filter) (*Page[K, V], error) {
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	if after != "" {
		query.Set("after", after)
	}
	if filter != nil {
		text, err := json.Marshal(filter)
		if err != nil {
			return nil, err
		}
		query.Set("filter", string(text))
	}
	page := new(Page[K, V])
	return page, store.client.call("GET", store.path+"/items", query, nil, nil, page)
}

// All calls each with every item, page after page; what changes meanwhile is met or not, never twice.
func (store *Store[K, V]) All(filter Filter, each func(Item[K, V]) error) error {
	for after := ""; ; {
		page, err := store.Page(1000, after, filter)
		if err != nil {
			return err
		}
		for _, item := range page.Items {
			if err := each(item); err != nil {
				return err
			}
		}
		if after = page.Next; after == "" {
			return nil
		}
	}
}

// Count is exact.
func (store *Store[K, V]) Count() (uint64, error) {
	var answer struct {
		Count uint64 \`json:"count"\`
	}
	return answer.Count, store.client.call("GET", store.path+"/count", nil, nil, nil, &answer)
}

func at[K any](key K) (url.Values, error) {
	text, err := json.Marshal(key)
	return url.Values{"key": {string(text)}}, err
}

// Get gives nil when there is no such item.
func (store *Store[K, V]) Get(key K) (*Item[K, V], error) {
	query, err := at(key)
	if err != nil {
		return nil, err
	}
	item := new(Item[K, V])
	err = store.client.call("GET", store.path+"/item", query, nil, nil, item)
	var problem *Problem
	if errors.As(err, &problem) && problem.Code == "item_not_found" {
		return nil, nil
	}
	return item, err
}

type written struct {
	Version uint64 \`json:"version"\`
}

// Insert adds an item; its version.
func (store *Store[K, V]) Insert(key K, value V) (uint64, error) {
	var answer written
	err := store.client.call("POST", store.path+"/items", nil, map[string]any{"key": key, "value": value}, nil, &answer)
	return answer.Version, err
}

// Put writes an item; with a version only when nobody changed it since, else a Problem of status 412.
func (store *Store[K, V]) Put(key K, value V, version *uint64) (uint64, error) {
	query, err := at(key)
	if err != nil {
		return 0, err
	}
	var answer written
	err = store.client.call("PUT", store.path+"/item", query, map[string]any{"value": value}, version, &answer)
	return answer.Version, err
}

// Delete removes an item.
func (store *Store[K, V]) Delete(key K, version *uint64) error {
	query, err := at(key)
	if err != nil {
		return err
	}
	return store.client.call("DELETE", store.path+"/item", query, nil, version, nil)
}

// ${model.title} has the stores of ${commentText(model.database)}.
type ${model.title} struct {
	client *Client
${listed.map(({ ident, types }) => `\t${ident} *Store[${types}]`).join("\n")}
}

// New${model.title} uses a client.
func New${model.title}(client *Client) *${model.title} {
	return &${model.title}{
		client: client,
${listed.map(({ store, ident, types }) => `\t\t${ident}: newStore[${types}](client, ${quotedText(model.database)}, ${quotedText(store.name)}),`).join("\n")}
	}
}

// Change does all of these as one transaction, or none of them: then the Problem has Conflicts.
func (data *${model.title}) Change(changes []Change, dryRun bool) (sequence uint64, err error) {
	var answer struct {
		Sequence uint64 \`json:"sequence"\`
	}
	body := map[string]any{"changes": changes, "dry_run": dryRun}
	err = data.client.call("POST", "/databases/"+url.PathEscape(${quotedText(model.database)})+"/changes", nil, body, nil, &answer)
	return answer.Sequence, err
}

// show prints the first items of a store.
func show[K any, V any](store *Store[K, V]) {
	count, err := store.Count()
	if err == nil {
		var page *Page[K, V]
		fmt.Println(store.Name, count)
		if page, err = store.Page(5, "", nil); err == nil {
			for _, item := range page.Items {
				fmt.Printf("    %+v %+v\\n", item.Key, item.Value)
				// Writes each item as it was read.
				if os.Getenv("SOP_TOUCH") != "" {
					if _, err = store.Put(item.Key, item.Value, &item.Version); err != nil {
						break
					}
				}
			}
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func main() {
	client := &Client{URL: os.Getenv("SOP_URL"), Token: os.Getenv("SOP_TOKEN")}
	if client.URL == "" {
		client.URL = ${quotedText(url)}
	}
	data := New${model.title}(client)
${listed.map(({ ident }) => `\tshow(data.${ident})`).join("\n") || "\t_ = data"}
}
`;
  return { file: `${snake(model.database) || "data"}.go`, text };
}

