"""Asks engines the same queries about a lake before and after compaction: fleet.py DIRECTORY LOCATION [TRINO_URL]."""
import json, statistics, sys, time, urllib.request

import duckdb

directory, location, *trino = sys.argv[1:]
ROUNDS = 3
db = duckdb.connect()
db.execute("SET TimeZone = 'UTC'")


def glob(lake):
    return f"read_parquet('{directory}/{lake}/year=*/**/*.parquet', hive_partitioning = true)"


year, month, day, hour, minute, trace, network_id = db.execute(
    f"SELECT year, month, day, hour, minute, trace_id, context['network_id'] FROM {glob('after')} ORDER BY trace_id LIMIT 1 OFFSET 1234567"
).fetchone() or sys.exit("the lake is too small")
WITHIN = f"year = {int(year)} AND month = {int(month)} AND day = {int(day)} AND hour = {int(hour)}"
QUERIES = {
    "a value, in its five minutes": f"SELECT count(*) FROM $table WHERE element_at(context, 'network_id') = '{network_id}' AND {WITHIN} AND minute = {int(minute)}",
    "a value, in its hour": f"SELECT count(*) FROM $table WHERE element_at(context, 'network_id') = '{network_id}' AND {WITHIN}",
    "a trace ID, in its hour": f"SELECT count(*) FROM $table WHERE trace_id = '{trace}' AND {WITHIN}",
    "all events of the hour, by app": f"SELECT count(*) FROM (SELECT app, count(*) FROM $table WHERE {WITHIN} GROUP BY app) t",
}


class DuckDB:
    name = "DuckDB " + duckdb.__version__

    def ask(self, lake, sql):
        sql = sql.replace("$table", glob(lake)).replace("element_at(context, 'network_id')", "context['network_id']")
        return db.execute(sql).fetchone()[0], ""


class Trino:
    """A Trino cluster at a URL, with a table for each lake."""

    def __init__(self, url):
        self.url = url
        with urllib.request.urlopen(url + "/v1/info", timeout=10) as answer:
            self.name = "Trino " + json.load(answer)["nodeVersion"]["version"]
        self.run(f"CREATE SCHEMA IF NOT EXISTS hive.fleet WITH (location = '{location}')")
        for lake in "before", "after":
            self.run(f"DROP TABLE IF EXISTS hive.fleet.{lake}")
            self.run(
                f"""CREATE TABLE hive.fleet.{lake} (timestamp timestamp(6), trace_id varchar, app varchar, message varchar,
                    context map(varchar, varchar), trace_names array(varchar), year integer, month integer, day integer, hour integer, minute integer)
                    WITH (format = 'PARQUET', external_location = '{location}/{lake}', partitioned_by = ARRAY['year', 'month', 'day', 'hour', 'minute'])"""
            )
            self.run(f"CALL hive.system.sync_partition_metadata('fleet', '{lake}', 'FULL')")

    def call(self, url, body=None):
        request = urllib.request.Request(url, data=body, headers={"X-Trino-User": "clew", "X-Trino-Time-Zone": "UTC"})
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def run(self, sql):
        answer, rows = self.call(self.url + "/v1/statement", sql.encode()), []
        while True:
            rows += answer.get("data", [])
            if "error" in answer:
                raise RuntimeError(answer["error"]["message"])
            if "nextUri" not in answer:
                return rows, answer["stats"]
            answer = self.call(answer["nextUri"])

    def ask(self, lake, sql):
        rows, stats = self.run(sql.replace("$table", "hive.fleet." + lake))
        return rows[0][0], f"{stats['completedSplits']} splits, {stats['physicalInputBytes'] / 1e6:.1f} MB read"

    def close(self):
        for lake in "before", "after":
            self.run(f"DROP TABLE hive.fleet.{lake}")
        self.run("DROP SCHEMA hive.fleet")


def ask(engine):
    for name, sql in QUERIES.items():
        said = {}
        for lake in "before", "after":
            engine.ask(lake, sql)  # the first query is slower, so it is not measured
        took = {"before": [], "after": []}
        for _ in range(ROUNDS):
            for lake in took:
                start = time.monotonic()
                said[lake] = engine.ask(lake, sql)
                took[lake].append(time.monotonic() - start)
        before, after = (statistics.median(took[lake]) for lake in ("before", "after"))
        print(f"{engine.name}: {name}: {before * 1e3:.0f} ms before, {after * 1e3:.0f} ms after, {before / after:.1f} times as long; {said['before'][1]} {said['after'][1]}")
        if said["before"][0] != said["after"][0] or not said["after"][0]:
            sys.exit(f"{engine.name}: {name}: {said['before'][0]} before, {said['after'][0]} after")


ask(DuckDB())
for url in trino:
    cluster = Trino(url)
    try:
        ask(cluster)
    finally:
        cluster.close()
