import { test } from "node:test";
import assert from "node:assert/strict";
import { ExactNumber, equal, kindOf, parse, stringify } from "./json.js";

test("every number is written as it was read", () => {
  for (const text of ["0", "-1", "1.5", "9007199254740993", "-9223372036854775808", "18446744073709551615", "1.0", "1.10", "-0", "1e400", "1E-7", "0.1000000000000000055", "123456789012345678901234567890.5"]) {
    assert.equal(stringify(parse(text)), text);
    assert.equal(stringify(parse(`{"a":[${text}]}`)), `{"a":[${text}]}`);
  }
});

test("numbers that JavaScript keeps are plain numbers", () => {
  assert.equal(parse("9007199254740991"), 9007199254740991);
  assert.equal(parse('{"a":1.98,"b":1e400}').a, 1.98);
  assert.ok(parse("1.0") instanceof ExactNumber);
});

test("texts keep quotes, escapes and names that mean something to JavaScript", () => {
  const text = '{"__proto__":{"x":1.0},"constructor":"a\\"b\\u0000","toString":null,"":"\\ud83d\\ude00"}';
  const value = parse(text);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  assert.equal(stringify(parse(stringify(value))), stringify(value));
  assert.equal(kindOf(value.__proto__), "object");
});

test("a fault has its line and column", () => {
  assert.throws(() => parse('{"a": 1,\n "b": }'), /Line 2, column 7/);
  assert.throws(() => parse('{"a": 1} x'), /after the end/);
  assert.throws(() => parse(""), /ends where a value should be/);
  assert.throws(() => parse('{"a": 01}'), /Line 1/);
  assert.throws(() => parse('"a'), /no closing quote/);
  assert.throws(() => parse("[".repeat(100000)), /nested deeper|Maximum/);
});

test("equality is of values, not of places", () => {
  assert.ok(equal(parse('{"a":1,"b":[1.0]}'), parse('{"b":[1.0],"a":1}')));
  assert.ok(!equal(parse("1.0"), parse("1")));
  assert.ok(!equal({ a: undefined }, {}));
  assert.ok(!equal([1], { 0: 1 }));
});

test("indented text reads back", () => {
  const value = parse('{"a":[1,{"b":[]}],"c":{}}');
  assert.ok(equal(parse(stringify(value, 2)), value));
});
