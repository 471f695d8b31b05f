// The words of the query language: SQLite's, and those that speak of stores.

/** @param {string} text */
const list = (text) => text.split(/\s+/).filter(Boolean);

export const KEYWORDS = list(`ALL ALTER AND AS ASC BETWEEN BY CASE CAST COLLATE CREATE CROSS CURRENT DEFAULT DELETE DESC DISTINCT DO DROP ELSE
  END ESCAPE EXCEPT EXISTS EXPLAIN FILTER FIRST FOLLOWING FROM FULL GLOB GROUP GROUPS HAVING IF IN INNER INSERT INTERSECT INTO IS ISNULL JOIN
  LAST LEFT LIKE LIMIT MATERIALIZED NATURAL NOT NOTHING NOTNULL NULL NULLS OFFSET ON OR ORDER OUTER OVER PARTITION PLAN PRECEDING PRIMARY
  QUERY RANGE RECURSIVE REGEXP REPLACE RETURNING RIGHT ROW ROWS SELECT SET STORE TABLE THEN TO UNBOUNDED UNION UNIQUE UPDATE USING VALUES
  WHEN WHERE WINDOW WITH WITHOUT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP TRUE FALSE`);

export const TYPES = list("BIGINT BLOB BOOLEAN DATE DATETIME DECIMAL DOUBLE INT INTEGER JSON NUMERIC REAL TEXT TIMESTAMP UUID VARCHAR");

/** Functions with what they take. @type {{[name: string]: string}} */
export const FUNCTIONS = Object.fromEntries(`abs(x) avg(x) ceil(x) changes() char(x, …) coalesce(a, b, …) concat(a, …) concat_ws(between, a, …) count(*) cume_dist()
  date(time, …) datetime(time, …) dense_rank() exp(x) first_value(x) floor(x) format(form, …) glob(form, x) group_concat(x, between) hex(x) ifnull(a, b)
  iif(when, then, else) instr(x, part) json(x) json_array(a, …) json_array_length(x, path) json_each(x) json_extract(x, path, …) json_group_array(x)
  json_group_object(name, x) json_insert(x, path, value) json_object(name, value, …) json_patch(a, b) json_quote(x) json_remove(x, path)
  json_replace(x, path, value) json_set(x, path, value) json_tree(x) json_type(x, path) json_valid(x) julianday(time, …) lag(x, n) last_value(x)
  lead(x, n) length(x) like(form, x) ln(x) log(x) log10(x) log2(x) lower(x) ltrim(x, chars) max(x) min(x) mod(x, y) nth_value(x, n) ntile(n) nullif(a, b)
  octet_length(x) percent_rank() pi() pow(x, y) printf(form, …) quote(x) random() rank() replace(x, from, to) round(x, digits) row_number()
  rtrim(x, chars) sign(x) sqrt(x) strftime(form, time, …) string_agg(x, between) substr(x, from, length) sum(x) time(time, …) timediff(a, b)
  total(x) trim(x, chars) trunc(x) typeof(x) unicode(x) unhex(x) unixepoch(time, …) upper(x)`.split(/\s+(?=\w+\()/).map((one) => {
  const open = one.indexOf("(");
  return [one.slice(0, open).trim(), one.slice(open).replace(/\s+/g, " ")];
}));
