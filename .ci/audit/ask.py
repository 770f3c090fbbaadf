"""Asks "clew-audit find" and an SQL engine the same questions, and compares the rows: ask.py ENGINE COMMAND DIRECTORY [LOCATION [ENDPOINT]].

find reads the events in DIRECTORY, and the engine reads the same events at LOCATION. "clew-audit ddl" prints the table, and "clew-audit sql" the queries.
For the engine athena, Trino runs the queries, because both have the same syntax."""
import json, random, subprocess, sys, time
import engines

engine, command, directory = sys.argv[1:4]
location = sys.argv[4] if len(sys.argv) > 4 else directory
endpoint = ["--endpoint", sys.argv[5]] if len(sys.argv) > 5 else []
TABLE = "audit_events" if engine != "athena" else "athena_events"
SELECT = "SELECT minute, app, message, timestamp, context\n"


def clew(*args, ends=(0,)):
    run = [command, *args]
    answer = subprocess.run(run, capture_output=True, text=True)
    if answer.returncode not in ends:
        sys.exit(f"{run}\nended with {answer.returncode}: {answer.stderr}")
    return answer.stdout


def find(*args):
    """Returns the events that clew-audit find prints, newest first."""
    lines = clew("find", "-d", directory, "-o", "json", "--max-bytes", "0", *args, ends=(0, 1)).splitlines()
    events = [json.loads(line) for line in lines]
    for e in events:
        e["timestamp"] = engines.microseconds(e["timestamp"])
        e["minute"] = e["timestamp"] // 300_000_000 * 5 % 60
    times = [e["timestamp"] for e in events]
    if times != sorted(times, reverse=True):
        sys.exit(f"find {args} is not newest first")
    return events


def when(us):
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(us // 1_000_000)) + f".{us % 1_000_000:06d}Z"


def question(n):
    """Returns words and flags, without a range, that match a random event, and the time of this event."""
    e = random.choice(sample)
    app, message, context, names = e["app"], e["message"], e["context"], e["trace_names"]
    key, value = random.choice(sorted(context.items())) if context else ("no", "such value")
    kind = n % 10
    args = {
        0: ["--trace", e["trace_id"]] if e["trace_id"] else ["--app", app],
        1: ["=" + value] if value else ["--context", f"{key}="],
        2: ["--context", f"{key}={value}"],
        3: [x for k, v in sorted(context.items()) for x in ("--context", f"{k}={v}")],
        4: ["--app", app],
        5: ["--message", message, "--context", f"{key}={value}"],
        6: ["--name", (names or ["slow_augmenters"])[0], "--app", app],
        7: ["=" + value + "x"],  # no event has this value
        8: ["filter=anton_client_filter", "--message", message],
        9: ["--context", f"{key}={value}", "--app", app],
    }[kind]
    return args, e["timestamp"]


def span(us):
    """Returns flags for a range around a time: some seconds, whole partitions, an hour, or an end to the microsecond."""
    kind = random.randrange(4)
    if kind == 0:
        since, until = us - random.randrange(2_000_000), us + 1 + random.randrange(120_000_000)
    elif kind == 1:
        since = us // 300_000_000 * 300_000_000
        until = since + 300_000_000 * random.randrange(1, 4)
    elif kind == 2:
        since = us // 3_600_000_000 * 3_600_000_000
        until = since + 3_600_000_000
    else:
        since, until = us, us + random.randrange(1, 3_600_000_000 * 3)  # from one microsecond to another, over up to three hours
    return ["--since", when(since), "--until", when(until)]


def row(e, names):
    return tuple(tuple(sorted(e[n].items())) if n == "context" else tuple(e[n]) if n == "trace_names" else e[n] for n in names)


def compare(args, limit, every_column):
    """Asks find and the engine, and compares the columns that clew-audit sql prints, or all columns."""
    ours = find(*args, "--limit", str(limit))
    sql = clew("sql", engine, *args, "--limit", str(limit), "--table", TABLE)
    names = ["minute", "app", "message", "timestamp", "context"]
    if every_column:
        names += ["trace_id", "trace_names"]
        if not sql.startswith(SELECT):
            sys.exit("clew-audit sql prints other columns: " + sql)
        sql = f"SELECT {', '.join(names)}\n" + sql[len(SELECT):]
    theirs = db.query(sql)
    times = [e["timestamp"] for e in theirs]
    if times != sorted(times, reverse=True):
        sys.exit(f"{sql}\nis not newest first")
    if engine == "athena":  # its range has whole milliseconds, so events outside of find's range are left out
        first, last = args[args.index("--since") + 1], args[args.index("--until") + 1]
        theirs = [e for e in theirs if engines.microseconds(first) <= e["timestamp"] < engines.microseconds(last)]
    a, b = sorted(row(e, names) for e in ours), sorted(row(e, names) for e in theirs)
    if limit and len(ours) == limit:  # of several events with the same microsecond, either may be left out
        a, b = [e["timestamp"] for e in ours], times
    if a != b:
        sys.exit(f"{db.name}, {args}\n{sql}\nfind has {len(a)} rows, the engine {len(b)}; only of find: {[x for x in a if x not in b][:2]}; only of the engine: {[x for x in b if x not in a][:2]}")
    return ours


began = time.monotonic()
db = engines.ENGINES[engine]()
ddl = clew("ddl", "trino" if engine == "athena" else engine, "--location", location, "--table", TABLE, *endpoint)
if isinstance(db, engines.Trino):
    db.make("CREATE SCHEMA IF NOT EXISTS hive.audit")
    db.make(f"DROP TABLE IF EXISTS {TABLE}")
db.make(ddl)

random.seed(7)
everything = find("--since", "30d", "--limit", "0")
everything.sort(key=lambda e: row(e, ["timestamp", "trace_id", "app", "message", "context"]))
hostile = [e for e in everything if e["app"].startswith("hostile")]
sample = random.sample(everything, 300) + hostile * (1 + 60 // max(len(hostile), 1))
whole = ["--since", when(everything[0]["timestamp"] // 300_000_000 * 300_000_000), "--until", when(everything[-1]["timestamp"] + 1)]

rows = found = 0
main_questions = [["network=instagram", "network_id=1584258444344170009_249075471"], ["filter=anton_client_filter"]]
for args in main_questions:
    for limit in (100, 0):
        ours = compare([*args, *whole], limit, False)
        if not ours:
            sys.exit(f"there is no event for {args}")
for n in range(100):
    args, us = question(n)
    ours = compare([*args, *span(us)], 0, n % 2 == 1)
    rows, found = rows + len(ours), found + bool(ours)
if found < 70:
    sys.exit(f"only {found} of 100 questions had an answer")
ours = compare([*whole], 0, True)
if len(ours) != len(everything):
    sys.exit(f"{len(ours)} events in the whole range, and {len(everything)} in 30 days")
what = "with Athena's queries gives" if engine == "athena" else "gives"
print(f"{db.name} {what} the same rows as find: the 2 main questions, 100 random ones ({found} with an answer, {rows} rows), and all {len(everything)} events; {time.monotonic() - began:.0f} s")
