"""Runs the works of `queries` in DuckDB: duckdb_works.py FOLDER, with orders.csv, users.ndjson and works in it.

One thread, medians of five runs, milliseconds, rows fetched as the other subjects fetch theirs.
"""

import statistics
import sys
import time

import duckdb

folder = sys.argv[1]
db = duckdb.connect(f"{folder}/works.duckdb")
db.execute("SET threads = 1")
db.execute(f"CREATE TABLE orders AS SELECT * FROM read_csv('{folder}/orders.csv')")
db.execute(f"CREATE TABLE users AS SELECT * FROM read_json('{folder}/users.ndjson')")
print(f"\n| work | DuckDB {duckdb.__version__} |\n|---|---|")
with open(f"{folder}/works") as works:
    for line in works:
        name, sql = line.rstrip("\n").split("\t")
        times = []
        for _ in range(5):
            begun = time.perf_counter()
            db.execute(sql).fetchall()
            times.append((time.perf_counter() - begun) * 1000)
        print(f"| {name}, ms | {statistics.median(times):.2f} |")
