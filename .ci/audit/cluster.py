"""Measures and tests a cluster of Trino: cluster.py measure|kill|after COMMAND DIRECTORY LOCATION [PID].

measure prints how much of the lake each query reads, and which nodes share the work. kill kills the worker with process ID PID while a query runs,
and then reads all rows with the other worker. after waits until the worker is back, and reads all rows again."""
import datetime, json, os, signal, statistics, subprocess, sys, time
import engines

what, command, directory, location = sys.argv[1:5]
TABLE = "measured_events"
ALL = f"SELECT count(*) AS n, {', '.join(f'checksum({c}) AS sum_{c}' for c in ('timestamp', 'trace_id', 'app', 'message', 'context', 'trace_names'))} FROM {TABLE} WHERE "


def clew(*args):
    answer = subprocess.run([command, *args], capture_output=True, text=True)
    if answer.returncode:
        sys.exit(f"{args} ended with {answer.returncode}: {answer.stderr}")
    return answer.stdout


def events(*args):
    return [json.loads(line) for line in clew("find", "-d", directory, "-o", "json", "--max-bytes", "0", *args).splitlines()]


def nodes(db):
    return db.again("SELECT node_id FROM system.runtime.nodes WHERE state = 'active' AND NOT coordinator ORDER BY 1")


def shared(db, query):
    """Returns the nodes that had tasks of a query, and the number of splits of each."""
    found = db.query(f"SELECT node_id, sum(splits) AS splits FROM system.runtime.tasks WHERE query_id = '{query}' AND split_scheduled_time_ms >= 0 GROUP BY 1 ORDER BY 1")
    return {row["node_id"]: row["splits"] for row in found}


def measured(db, sql, times=3):
    seconds = []
    for _ in range(times):
        began = time.monotonic()
        rows = db.again(sql)
        seconds.append(time.monotonic() - began)
    return rows, db.stats["physicalInputBytes"], statistics.median(seconds), db.id


def measure(db):
    files = [os.path.join(d, f) for d, _, names in os.walk(directory) for f in names if f.endswith(".parquet")]
    size = sum(map(os.path.getsize, files))
    one = next(e for e in events("--since", "6h", "--until", "5h", "network=instagram", "--limit", "500") if "network_id" in e["context"] and e["trace_names"])
    hour = datetime.datetime.fromisoformat(one["timestamp"][:13] + ":00:00")
    span = ["--since", hour.isoformat() + "Z", "--until", (hour + datetime.timedelta(hours=1)).isoformat() + "Z"]
    questions = [
        ("query 1, an hour", ["network=instagram", "network_id=" + one["context"]["network_id"], *span]),
        ("query 2, an hour", ["filter=anton_client_filter", *span]),
        ("a trace, a day", ["--trace", one["trace_id"], "--since", "24h"]),
        ("a trace that is not there, a day", ["--trace", "ab" * 16, "--since", "24h"]),
    ]
    ranges = engines.Trino(hive__parquet_small_file_threshold="0B")
    print(f"{len(files)} files, {size / 1e6:.1f} MB, {clew('find', '-d', directory, '--since', '30d', '--count', '--max-bytes', '0').strip()} events")
    for name, args in questions:
        sql = clew("sql", "trino", *args, "--table", TABLE)
        rows, default, seconds, query = measured(db, sql)
        again, less, ranges_seconds, _ = measured(ranges, sql)
        expected = len(events(*args, "--limit", "100")) if "not there" not in name else 0
        if not len(rows) == len(again) == expected:
            sys.exit(f"{sql}\nhas {len(rows)} and {len(again)} rows, find {expected}")
        print(f"  {name}: {len(rows)} rows; {default / 1e6:.2f} MB read ({100 * default / size:.1f} %), small files whole; {less / 1e6:.2f} MB ({100 * less / size:.1f} %) by ranges; "
              f"{seconds:.2f} s and {ranges_seconds:.2f} s; splits by node {shared(db, query)}")
    all_of(db)
    by = shared(db, db.id)
    if len([n for n in by if n != "node0"]) != 2:
        sys.exit(f"not both workers had a share: {by}")
    print(f"  all rows: splits by node {by}")


def all_of(db):
    """Returns the number of rows. Fails if the number or the checksums differ from those of the first call, which stores them."""
    _, where = clew("sql", "trino", "--since", "30h", "--table", TABLE).split("WHERE ")
    rows = db.again(ALL + where.split("ORDER BY")[0])
    kept = os.path.join(directory, "_checksums")
    if not os.path.exists(kept):
        with open(kept, "w") as f:
            json.dump(rows, f)
    with open(kept) as f:
        if json.load(f) != rows:
            sys.exit("there are other rows than before")
    return rows[0]["n"]


def kill(db, pid):
    slow = f"SELECT max(length(regexp_replace(a.message || b.message, '[aeiou]+', 'x'))) AS n FROM {TABLE} a CROSS JOIN (SELECT message FROM {TABLE} LIMIT 500) b"
    answer = db.start(slow)
    query = answer["id"]
    other = engines.Trino()
    while len([n for n in shared(other, query) if n != "node0"]) < 2 or answer["stats"]["state"] != "RUNNING":
        answer = db.call("GET", answer["nextUri"])
    time.sleep(1)
    os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    try:
        db.finish(answer)
        print("  a worker was killed in the middle of a query, which succeeded")
    except RuntimeError as e:
        print(f"  a worker was killed in the middle of a query, which failed after {time.monotonic() - began:.0f} s: {str(e).split(' (')[0][:160]}")
    began = time.monotonic()
    n = all_of(db)
    print(f"  the next query, on {len(nodes(db))} worker, has all {n} rows, {time.monotonic() - began:.0f} s later")


def after(db):
    end = time.monotonic() + 120
    while len(nodes(db)) < 2:
        if time.monotonic() > end:
            sys.exit("the worker did not come back")
        time.sleep(1)
    n = all_of(db)
    print(f"  with the worker back: all {n} rows, splits by node {shared(db, db.id)}")


db = engines.Trino()
if what == "measure":
    db.make("CREATE SCHEMA IF NOT EXISTS hive.audit")
    db.make(f"DROP TABLE IF EXISTS {TABLE}")
    db.make(clew("ddl", "trino", "--location", location, "--table", TABLE))
    measure(db)
elif what == "kill":
    kill(db, int(sys.argv[5]))
else:
    after(db)
