// A database as one Java file: records and a client of the HTTP API over `java.net.http`, with a JSON reader of its own, so that
// nothing but the JDK is needed.

import { Names, camel, commentText, quotedText } from "./names.js";

/** @typedef {import("./model.js").Type} Type */
/** @typedef {import("./model.js").Record} Record */

const RESERVED = ["abstract", "assert", "boolean", "break", "byte", "case", "catch", "char", "class", "const", "continue", "default", "do", "double", "else", "enum", "extends", "final", "finally", "float", "for", "goto", "if", "implements", "import", "instanceof", "int", "interface", "long", "native", "new", "package", "private", "protected", "public", "return", "short", "static", "strictfp", "super", "switch", "synchronized", "this", "throw", "throws", "transient", "try", "void", "volatile", "while", "true", "false", "null", "var", "record", "yield", "clone", "finalize", "getClass", "hashCode", "notify", "notifyAll", "toString", "wait", "toJson", "fromJson", "equals", "client", "data", "json"];
/** Plain and boxed. */
const SCALARS = /** @type {{[kind: string]: [string, string]}} */ ({
  string: ["String", "String"], integer: ["long", "Long"], i64: ["long", "Long"], u32: ["long", "Long"], i32: ["int", "Integer"], u16: ["int", "Integer"], i16: ["short", "Short"], i8: ["byte", "Byte"], u8: ["short", "Short"], u64: ["BigInteger", "BigInteger"],
  number: ["BigDecimal", "BigDecimal"], decimal: ["BigDecimal", "BigDecimal"], f64: ["double", "Double"], f32: ["float", "Float"], bool: ["boolean", "Boolean"], date: ["LocalDate", "LocalDate"], time: ["LocalTime", "LocalTime"], datetime: ["LocalDateTime", "LocalDateTime"], timestamp: ["Instant", "Instant"], uuid: ["UUID", "UUID"], bytes: ["byte[]", "byte[]"], any: ["Object", "Object"],
});

/** @param {Type} type @param {boolean} [boxed] @returns {string} */
function typeText(type, boxed = false) {
  if (type.kind === "array") return `List<${typeText(type.of, true)}>`;
  if (type.kind === "record") return type.record.title;
  return SCALARS[type.kind][boxed ? 1 : 0];
}

/** @param {Type} type @param {string} from @param {boolean} [key] @returns {string} */
function readText(type, from, key = false) {
  switch (type.kind) {
    case "array": return `Json.list(${from}, one -> ${readText(type.of, "one")})`;
    case "record": return `${type.record.title}.fromJson(${from})`;
    case "string": return `(String) ${from}`;
    case "bool": return `(Boolean) ${from}`;
    case "any": return from;
    case "number": case "decimal": return `(BigDecimal) ${from}`;
    case "u64": return `((BigDecimal) ${from}).toBigIntegerExact()`;
    case "i32": case "u16": return `((BigDecimal) ${from}).intValueExact()`;
    case "i16": case "u8": return `((BigDecimal) ${from}).shortValueExact()`;
    case "i8": return `((BigDecimal) ${from}).byteValueExact()`;
    case "f64": return `((BigDecimal) ${from}).doubleValue()`;
    case "f32": return `((BigDecimal) ${from}).floatValue()`;
    case "date": return `LocalDate.parse((String) ${from})`;
    case "time": return `LocalTime.parse((String) ${from})`;
    case "datetime": return `LocalDateTime.parse((String) ${from})`;
    case "timestamp": return `Instant.parse((String) ${from})`;
    case "uuid": return `UUID.fromString((String) ${from})`;
    case "bytes": return key ? `Base64.getDecoder().decode((String) ${from})` : `Json.bytes(${from})`;
    default: return `((BigDecimal) ${from}).longValueExact()`;
  }
}

/** @param {Record} record @param {boolean} key */
function recordText(record, key) {
  const names = new Names(RESERVED);
  const fields = record.fields.map((field) => ({ ...field, ident: names.take(camel(field.name)), maybe: field.optional || field.nullable }));
  const read = (/** @type {typeof fields[0]} */ field) => {
    const place = `data.get(${quotedText(field.name)})`;
    return field.maybe ? `${place} == null ? null : ${readText(field.type, place, key)}` : readText(field.type, place, key);
  };
  const written = (/** @type {typeof fields[0]} */ field) => (key && field.type.kind === "bytes" ? `Base64.getEncoder().encodeToString(${field.ident})` : field.ident);
  return `    /** ${commentText(record.note)} */
    public record ${record.title}(${fields.map((field) => `${typeText(field.type, field.maybe)} ${field.ident}`).join(", ")}) implements Json.Written {
        static ${record.title} fromJson(Object json) {
            Map<String, Object> data = Json.object(json);
            return new ${record.title}(${fields.map((field) => `\n                ${read(field)}`).join(",")});
        }

        @Override public Object toJson() {
            Map<String, Object> data = new LinkedHashMap<>();
${fields.map((field) => `            ${field.optional ? `if (${field.ident} != null) ` : ""}data.put(${quotedText(field.name)}, ${written(field)});`).join("\n")}
            return data;
        }
    }
`;
}

/** @param {import("./model.js").Model} model @param {{url: string}} how */
export function java(model, { url }) {
  const main = new Names(["Client", "Store", "Item", "Page", "Json", "Problem", ...model.stores.flatMap((store) => [store.title, ...store.records.map((record) => record.title)])]).take(`${model.title}Data`);
  const names = new Names(RESERVED);
  const listed = model.stores.map((store) => ({ store, ident: names.take(camel(store.name), "store") }));
  const pair = (/** @type {typeof listed[0]} */ { store }) => `${typeText(store.key.type, true)}, ${typeText(store.value, true)}`;
  const text = `// The database ${commentText(model.database)}, over the HTTP API. JDK 17 or newer, nothing else.
//
//     SOP_TOKEN=… java ${main}.java

import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Function;

/** The stores of ${commentText(model.database)}. */
public final class ${main} {
    private final Client client;
${listed.map((one) => `${one.store.description ? `    /** ${commentText(one.store.description)} */\n` : ""}    public final Store<${pair(one)}> ${one.ident};`).join("\n")}

    public ${main}(Client client) {
        this.client = client;
${listed.map(({ store, ident }) => `        this.${ident} = new Store<>(client, ${quotedText(model.database)}, ${quotedText(store.name)}, json -> ${readText(store.key.type, "json", true)}, json -> ${readText(store.value, "json")}, key -> ${!store.key.composite && store.key.type.kind === "bytes" ? "Base64.getEncoder().encodeToString(key)" : "key"});`).join("\n")}
    }

    /** All of these changes as one transaction, or none of them: then the problem has "conflicts". */
    public Map<String, Object> change(List<Map<String, Object>> changes, boolean dryRun) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("changes", changes);
        body.put("dry_run", dryRun);
        return Json.object(client.call("POST", "/databases/" + Client.part(${quotedText(model.database)}) + "/changes", Map.of(), body, null));
    }

${model.stores.flatMap((store) => store.records.map((record) => recordText(record, store.key.type.kind === "record" && store.key.type.record === record))).join("\n")}
    /** An item with its version: the sequence of the commit that last changed it. */
    public record Item<K, V>(K key, V value, long version) {}

    /** Some items in the order of keys, and the cursor of those after them, null at the end. */
    public record Page<K, V>(List<Item<K, V>> items, String next) {}

    /** What the server refused, and why: code is stable, body has the rest. */
    public static final class Problem extends RuntimeException {
        private static final long serialVersionUID = 1;

        public final int status;
        public final String code;
        public final transient Map<String, Object> body;

        Problem(int status, Map<String, Object> body) {
            super(String.valueOf(body.getOrDefault("detail", "status " + status)));
            this.status = status;
            this.code = String.valueOf(body.getOrDefault("code", ""));
            this.body = body;
        }
    }

    /** Calls to one server. The token is what the server printed when it started, or one that was made for you. */
    public static final class Client {
        private final HttpClient http = HttpClient.newHttpClient();
        private final String base;
        private final String token;

        public Client(String url, String token) {
            this.base = url.replaceAll("/$", "") + "/api/v1";
            this.token = token;
        }

        static String part(String text) {
            return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
        }

        Object call(String method, String path, Map<String, String> query, Object body, Long version) {
            StringBuilder address = new StringBuilder(base).append(path);
            char mark = '?';
            for (Map.Entry<String, String> one : query.entrySet()) {
                address.append(mark).append(one.getKey()).append('=').append(part(one.getValue()));
                mark = '&';
            }
            HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(address.toString()))
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", "application/json")
                .method(method, body == null ? HttpRequest.BodyPublishers.noBody() : HttpRequest.BodyPublishers.ofString(Json.write(body)));
            if (version != null) request.header("If-Match", String.valueOf(version));
            HttpResponse<String> answer;
            try {
                answer = http.send(request.build(), HttpResponse.BodyHandlers.ofString());
            } catch (java.io.IOException error) {
                throw new java.io.UncheckedIOException(error);
            } catch (InterruptedException error) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(error);
            }
            Object data = answer.body().isEmpty() ? null : Json.read(answer.body());
            if (answer.statusCode() >= 300) throw new Problem(answer.statusCode(), Json.object(data));
            return data;
        }
    }

    /** The items of a store. */
    public static final class Store<K, V> {
        public final String name;
        private final Client client;
        private final String path;
        private final Function<Object, K> readKey;
        private final Function<Object, V> readValue;
        private final Function<K, Object> writeKey;

        Store(Client client, String database, String name, Function<Object, K> readKey, Function<Object, V> readValue, Function<K, Object> writeKey) {
            this.client = client;
            this.name = name;
            this.path = "/databases/" + Client.part(database) + "/stores/" + Client.part(name);
            this.readKey = readKey;
            this.readValue = readValue;
            this.writeKey = writeKey;
        }

        private Item<K, V> item(Object json) {
            Map<String, Object> data = Json.object(json);
            return new Item<>(readKey.apply(data.get("key")), readValue.apply(data.get("value")), ((BigDecimal) data.get("version")).longValueExact());
        }

        /** A page; after is the cursor of the page before or null, filter a filter document or null. */
        public Page<K, V> page(int limit, String after, Map<String, Object> filter) {
            Map<String, String> query = new LinkedHashMap<>();
            query.put("limit", String.valueOf(limit));
            if (after != null) query.put("after", after);
            if (filter != null) query.put("filter", Json.write(filter));
            Map<String, Object> data = Json.object(client.call("GET", path + "/items", query, null, null));
            return new Page<>(Json.list(data.get("items"), this::item), (String) data.get("next"));
        }

        /** All items, page after page; what changes meanwhile is met or not, never twice. */
        public void forEach(Map<String, Object> filter, Consumer<Item<K, V>> work) {
            String after = null;
            do {
                Page<K, V> page = page(1000, after, filter);
                page.items().forEach(work);
                after = page.next();
            } while (after != null);
        }

        public long count() {
            return ((BigDecimal) Json.object(client.call("GET", path + "/count", Map.of(), null, null)).get("count")).longValueExact();
        }

        private Map<String, String> at(K key) {
            return Map.of("key", Json.write(writeKey.apply(key)));
        }

        /** The item, or null. */
        public Item<K, V> get(K key) {
            try {
                return item(client.call("GET", path + "/item", at(key), null, null));
            } catch (Problem problem) {
                if (problem.code.equals("item_not_found")) return null;
                throw problem;
            }
        }

        /** Adds an item; its version. */
        public long insert(K key, V value) {
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("key", writeKey.apply(key));
            body.put("value", value);
            return version(client.call("POST", path + "/items", Map.of(), body, null));
        }

        /** Writes an item; with a version only when nobody changed it since, else a problem of status 412. */
        public long put(K key, V value, Long version) {
            Map<String, Object> body = new LinkedHashMap<>();
            body.put("value", value);
            return version(client.call("PUT", path + "/item", at(key), body, version));
        }

        public void delete(K key, Long version) {
            client.call("DELETE", path + "/item", at(key), null, version);
        }

        private static long version(Object json) {
            return ((BigDecimal) Json.object(json).get("version")).longValueExact();
        }

        /** One change of several: insert, upsert, update or delete. */
        public Map<String, Object> change(String op, K key, V value, Long version) {
            Map<String, Object> change = new LinkedHashMap<>();
            change.put("op", op);
            change.put("store", name);
            change.put("key", writeKey.apply(key));
            if (!op.equals("delete")) change.put("value", value);
            if (version != null) change.put("if_version", version);
            return change;
        }
    }

    /** JSON: objects are maps, arrays lists, numbers BigDecimal with every digit. */
    static final class Json {
        interface Written {
            Object toJson();
        }

        private final String text;
        private int at;

        private Json(String text) {
            this.text = text;
        }

        static Object read(String text) {
            Json json = new Json(text);
            Object value = json.value();
            json.space();
            if (json.at < text.length()) throw new IllegalArgumentException("text after the value at " + json.at);
            return value;
        }

        @SuppressWarnings("unchecked")
        static Map<String, Object> object(Object json) {
            return (Map<String, Object>) json;
        }

        static <T> List<T> list(Object json, Function<Object, T> each) {
            List<T> list = new ArrayList<>();
            for (Object one : (List<?>) json) list.add(one == null ? null : each.apply(one));
            return list;
        }

        static byte[] bytes(Object json) {
            return Base64.getDecoder().decode((String) object(json).get("$bytes"));
        }

        private void space() {
            while (at < text.length() && text.charAt(at) <= ' ') at++;
        }

        private Object value() {
            space();
            char c = at < text.length() ? text.charAt(at) : 0;
            if (c == '{') {
                Map<String, Object> map = new LinkedHashMap<>();
                at++;
                for (space(); text.charAt(at) != '}'; space()) {
                    if (text.charAt(at) == ',') at++;
                    space();
                    String name = string();
                    space();
                    at++;
                    map.put(name, value());
                }
                at++;
                return map;
            }
            if (c == '[') {
                List<Object> list = new ArrayList<>();
                at++;
                for (space(); text.charAt(at) != ']'; space()) {
                    if (text.charAt(at) == ',') at++;
                    list.add(value());
                }
                at++;
                return list;
            }
            if (c == '"') return string();
            if (text.startsWith("true", at)) return word("true", true);
            if (text.startsWith("false", at)) return word("false", false);
            if (text.startsWith("null", at)) return word("null", null);
            int from = at;
            while (at < text.length() && "+-.eE0123456789".indexOf(text.charAt(at)) >= 0) at++;
            return new BigDecimal(text.substring(from, at));
        }

        private Object word(String word, Object value) {
            at += word.length();
            return value;
        }

        private String string() {
            StringBuilder out = new StringBuilder();
            for (at++; text.charAt(at) != '"'; at++) {
                char c = text.charAt(at);
                if (c != '\\\\') {
                    out.append(c);
                    continue;
                }
                c = text.charAt(++at);
                int plain = "\\"\\\\/bfnrt".indexOf(c);
                if (plain >= 0) out.append("\\"\\\\/\\b\\f\\n\\r\\t".charAt(plain));
                else {
                    out.append((char) Integer.parseInt(text.substring(at + 1, at + 5), 16));
                    at += 4;
                }
            }
            at++;
            return out.toString();
        }

        static String write(Object value) {
            StringBuilder out = new StringBuilder();
            write(value, out);
            return out.toString();
        }

        private static void write(Object value, StringBuilder out) {
            if (value instanceof Written written) write(written.toJson(), out);
            else if (value instanceof Map<?, ?> map) {
                char mark = '{';
                for (Map.Entry<?, ?> one : map.entrySet()) {
                    out.append(mark);
                    quote(String.valueOf(one.getKey()), out);
                    out.append(':');
                    write(one.getValue(), out);
                    mark = ',';
                }
                out.append(mark == '{' ? "{}" : "}");
            } else if (value instanceof List<?> list) {
                char mark = '[';
                for (Object one : list) {
                    out.append(mark);
                    write(one, out);
                    mark = ',';
                }
                out.append(mark == '[' ? "[]" : "]");
            } else if (value instanceof byte[] bytes) write(Map.of("$bytes", Base64.getEncoder().encodeToString(bytes)), out);
            else if (value instanceof BigDecimal number) out.append(number.toString());
            else if (value == null || value instanceof Number || value instanceof Boolean) out.append(value);
            else if (value instanceof LocalTime time) quote(time.format(java.time.format.DateTimeFormatter.ISO_LOCAL_TIME), out);
            else if (value instanceof LocalDateTime time) quote(time.format(java.time.format.DateTimeFormatter.ISO_LOCAL_DATE_TIME), out);
            else if (value instanceof Instant instant) quote(instant.toString().replaceFirst("([.][0-9]*?)0+Z$", "$1Z"), out);
            else quote(value.toString(), out);
        }

        private static void quote(String text, StringBuilder out) {
            out.append('"');
            for (char c : text.toCharArray()) {
                if (c == '"' || c == '\\\\') out.append('\\\\').append(c);
                else if (c < ' ' || Character.isSurrogate(c)) out.append(String.format("\\\\u%04x", (int) c));
                else out.append(c);
            }
            out.append('"');
        }
    }

    private static <K, V> void show(Store<K, V> store) {
        System.out.println(store.name + " " + store.count());
        for (Item<K, V> item : store.page(5, null, null).items()) {
            System.out.println("    " + item.key() + " " + item.value());
            // Writes each item as it was read.
            if (System.getenv("SOP_TOUCH") != null) store.put(item.key(), item.value(), item.version());
        }
    }

    /** Shows the first items of each store. */
    public static void main(String[] args) {
        ${main} data = new ${main}(new Client(System.getenv().getOrDefault("SOP_URL", ${quotedText(url)}), System.getenv().getOrDefault("SOP_TOKEN", "")));
${listed.map(({ ident }) => `        show(data.${ident});`).join("\n")}
    }
}
`;
  return { file: `${main}.java`, text };
}

