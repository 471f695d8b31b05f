import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonPlaces, placeOf } from "./json_places.js";

test("each value has its place, and its name's", () => {
  const text = '{ "a": {"$gte": 1.5}, "b/c": [1, "x", {}] }';
  const shown = (/** @type {string} */ pointer) => {
    const place = jsonPlaces(text).get(pointer);
    return place && text.slice(place.start, place.end);
  };
  assert.equal(shown(""), text);
  assert.equal(shown("/a"), '{"$gte": 1.5}');
  assert.equal(shown("/a/$gte"), "1.5");
  assert.equal(shown("/b~1c/1"), '"x"');
  const name = jsonPlaces(text).get("/a/$gte")?.name;
  assert.equal(text.slice(name?.start, name?.end), '"$gte"');
});

test("a text that is not whole gives what comes before its fault, and the nearest place around", () => {
  for (const text of ["", "{", '{"a"', '{"a": [1, ', '{"a": "x', "}{", "[".repeat(2000)]) assert.doesNotThrow(() => jsonPlaces(text), text);
  assert.equal(placeOf('{"a": [1, 2', "/a/1")?.start, 10);
  assert.equal(placeOf('{"a": 1}', "/a/$gt/7")?.start, 6);
  assert.equal(placeOf('{"a": 1}', "/b")?.start, 0);
});
