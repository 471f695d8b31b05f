// A database as a C# file: records and a client of the HTTP API over `HttpClient` and `System.Text.Json` (.NET 8 or newer).

import { Names, commentText, pascal, quotedText } from "./names.js";

/** @typedef {import("./model.js").Type} Type */
/** @typedef {import("./model.js").Record} Record */

const RESERVED = ["Equals", "GetHashCode", "ToString", "GetType", "MemberwiseClone", "Clone", "Deconstruct", "EqualityContract", "PrintMembers", "Client", "Change"];
const SCALARS = /** @type {{[kind: string]: string}} */ ({ string: "string", integer: "long", i64: "long", i32: "int", i16: "short", i8: "sbyte", u64: "ulong", u32: "uint", u16: "ushort", u8: "byte", number: "decimal", decimal: "decimal", f64: "double", f32: "float", bool: "bool", date: "DateOnly", time: "TimeOnly", datetime: "DateTime", timestamp: "DateTimeOffset", uuid: "Guid", any: "JsonElement" });

/** @param {Type} type @param {boolean} [key] @returns {string} */
function typeText(type, key = false) {
  if (type.kind === "array") return `List<${typeText(type.of)}>`;
  if (type.kind === "record") return type.record.title;
  if (type.kind === "bytes") return key ? "byte[]" : "Bytes";
  return SCALARS[type.kind];
}

/** @param {Record} record @param {boolean} key */
function recordText(record, key) {
  const names = new Names([...RESERVED, record.title]);
  return `/// <summary>${commentText(record.note).replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</summary>
public sealed record ${record.title}
{
${record.fields.map((field) => {
    const maybe = field.optional || field.nullable;
    const type = `${typeText(field.type, key)}${maybe ? "?" : ""}`;
    const lines = [`[JsonPropertyName(${quotedText(field.name)})]`];
    if (field.optional) lines.push("[JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]");
    return `${lines.map((line) => `    ${line}\n`).join("")}    public ${maybe ? "" : "required "}${type} ${names.take(pascal(field.name), "Field")} { get; init; }`;
  }).join("\n\n")}
}
`;
}

/** @param {import("./model.js").Model} model @param {{url: string}} how */
export function csharp(model, { url }) {
  const names = new Names([...RESERVED, model.title]);
  const listed = model.stores.map((store) => ({ store, ident: names.take(pascal(store.name), "Items"), types: `${typeText(store.key.type, true)}, ${typeText(store.value)}` }));
  const text = `// The database ${commentText(model.database)}, over the HTTP API. .NET 8 or newer, no packages.
//
//     SOP_TOKEN=… dotnet run
#nullable enable

using System;
using System.Collections.Generic;
using System.Globalization;
using System.Net.Http;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Tasks;

${model.stores.flatMap((store) => store.records.map((record) => recordText(record, store.key.type.kind === "record" && store.key.type.record === record))).join("\n")}
/// <summary>Bytes of a value; JSON carries them as base64 under one name.</summary>
public sealed record Bytes([property: JsonPropertyName("$bytes")] byte[] Data);

/// <summary>An item with its version: the sequence of the commit that last changed it.</summary>
public sealed record Item<K, V>([property: JsonPropertyName("key")] K Key, [property: JsonPropertyName("value")] V Value, [property: JsonPropertyName("version")] ulong Version);

/// <summary>Some items in the order of keys, and the cursor of those after them.</summary>
public sealed record Page<K, V>([property: JsonPropertyName("items")] List<Item<K, V>> Items, [property: JsonPropertyName("next")] string? Next);

/// <summary>What the server refused, and why; the code is stable.</summary>
public sealed class Problem : Exception
{
    public int Status { get; }
    public string Code { get; }
    public JsonElement Body { get; }

    public Problem(int status, JsonElement body) : base(Text(body, "detail") ?? $"status {status}")
    {
        Status = status;
        Code = Text(body, "code") ?? "";
        Body = body;
    }

    private static string? Text(JsonElement body, string name) =>
        body.ValueKind == JsonValueKind.Object && body.TryGetProperty(name, out var text) ? text.ToString() : null;
}

/// <summary>Points in time with no more digits than they need, as the server writes them.</summary>
internal sealed class InstantConverter : JsonConverter<DateTimeOffset>
{
    public override DateTimeOffset Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options) =>
        DateTimeOffset.Parse(reader.GetString()!, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
        writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFFF'Z'", CultureInfo.InvariantCulture));
}

/// <summary>Calls to one server. The token is what the server printed when it started, or one that was made for you.</summary>
public sealed class Client
{
    internal static readonly JsonSerializerOptions Json = new() { Converters = { new InstantConverter() }, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly HttpClient http = new();
    private readonly string address;

    public Client(string url, string token)
    {
        address = url.TrimEnd('/') + "/api/v1";
        http.DefaultRequestHeaders.Authorization = new("Bearer", token);
    }

    internal async Task<JsonElement> Call(HttpMethod method, string path, object? body = null, ulong? version = null)
    {
        using var request = new HttpRequestMessage(method, address + path);
        if (body != null) request.Content = new StringContent(JsonSerializer.Serialize(body, Json), Encoding.UTF8, "application/json");
        if (version != null) request.Headers.TryAddWithoutValidation("If-Match", version.Value.ToString(CultureInfo.InvariantCulture));
        using var answer = await http.SendAsync(request);
        var text = await answer.Content.ReadAsStringAsync();
        var data = text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
        return answer.IsSuccessStatusCode ? data : throw new Problem((int)answer.StatusCode, data);
    }
}

/// <summary>The items of a store.</summary>
public sealed class Store<K, V>
{
    private readonly Client client;
    private readonly string path;
    public string Name { get; }

    internal Store(Client client, string database, string name)
    {
        this.client = client;
        Name = name;
        path = $"/databases/{Uri.EscapeDataString(database)}/stores/{Uri.EscapeDataString(name)}";
    }

    private static T Read<T>(JsonElement json) => json.Deserialize<T>(Client.Json)!;
    private string At(K key) => $"{path}/item?key={Uri.EscapeDataString(JsonSerializer.Serialize(key, Client.Json))}";

    public async Task<Page<K, V>> Page(int limit = 100, string? after = null, object? filter = null)
    {
        var query = $"?limit={limit}";
        if (after != null) query += $"&after={Uri.EscapeDataString(after)}";
        if (filter != null) query += $"&filter={Uri.EscapeDataString(JsonSerializer.Serialize(filter, Client.Json))}";
        return Read<Page<K, V>>(await client.Call(HttpMethod.Get, path + "/items" + query));
    }

    /// <summary>All items, page after page; what changes meanwhile is met or not, never twice.</summary>
    public async IAsyncEnumerable<Item<K, V>> All(object? filter = null)
    {
        string? after = null;
        do
        {
            var page = await Page(1000, after, filter);
            foreach (var item in page.Items) yield return item;
            after = page.Next;
        } while (after != null);
    }

    public async Task<ulong> Count() => (await client.Call(HttpMethod.Get, path + "/count")).GetProperty("count").GetUInt64();

    public async Task<Item<K, V>?> Get(K key)
    {
        try
        {
            return Read<Item<K, V>>(await client.Call(HttpMethod.Get, At(key)));
        }
        catch (Problem problem) when (problem.Code == "item_not_found")
        {
            return null;
        }
    }

    /// <summary>Adds an item; its version.</summary>
    public async Task<ulong> Insert(K key, V value) => Version(await client.Call(HttpMethod.Post, path + "/items", new Dictionary<string, object?> { ["key"] = key, ["value"] = value }));

    /// <summary>Writes an item; with a version only when nobody changed it since, else a problem of status 412.</summary>
    public async Task<ulong> Put(K key, V value, ulong? version = null) => Version(await client.Call(HttpMethod.Put, At(key), new Dictionary<string, object?> { ["value"] = value }, version));

    public Task Delete(K key, ulong? version = null) => client.Call(HttpMethod.Delete, At(key), null, version);

    private static ulong Version(JsonElement json) => json.GetProperty("version").GetUInt64();

    /// <summary>One change of several: insert, upsert, update or delete.</summary>
    public Dictionary<string, object?> Change(string op, K key, V? value = default, ulong? version = null)
    {
        var change = new Dictionary<string, object?> { ["op"] = op, ["store"] = Name, ["key"] = key };
        if (op != "delete") change["value"] = value;
        if (version != null) change["if_version"] = version;
        return change;
    }
}

/// <summary>The stores of ${commentText(model.database).replaceAll("&", "&amp;").replaceAll("<", "&lt;")}.</summary>
public sealed class ${model.title}
{
    private readonly Client client;
${listed.map(({ ident, types }) => `    public Store<${types}> ${ident} { get; }`).join("\n")}

    public ${model.title}(Client client)
    {
        this.client = client;
${listed.map(({ store, ident }) => `        ${ident} = new(client, ${quotedText(model.database)}, ${quotedText(store.name)});`).join("\n")}
    }

    /// <summary>All of these changes as one transaction, or none of them: then the problem has "conflicts".</summary>
    public Task<JsonElement> Change(IEnumerable<Dictionary<string, object?>> changes, bool dryRun = false) =>
        client.Call(HttpMethod.Post, $"/databases/{Uri.EscapeDataString(${quotedText(model.database)})}/changes", new Dictionary<string, object?> { ["changes"] = changes, ["dry_run"] = dryRun });
}

internal static class Program
{
    private static async Task Show<K, V>(Store<K, V> store)
    {
        Console.WriteLine($"{store.Name} {await store.Count()}");
        foreach (var item in (await store.Page(5)).Items)
        {
            Console.WriteLine($"    {item.Key} {item.Value}");
            // Writes each item as it was read.
            if (Environment.GetEnvironmentVariable("SOP_TOUCH") != null) await store.Put(item.Key, item.Value, item.Version);
        }
    }

    /// <summary>Shows the first items of each store.</summary>
    private static async Task Main()
    {
        var data = new ${model.title}(new Client(Environment.GetEnvironmentVariable("SOP_URL") ?? ${quotedText(url)}, Environment.GetEnvironmentVariable("SOP_TOKEN") ?? ""));
${listed.map(({ ident }) => `        await Show(data.${ident});`).join("\n")}
    }
}
`;
  return { file: `${model.title}.cs`, text };
}
