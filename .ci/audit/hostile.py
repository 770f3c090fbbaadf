"""Prints events that are difficult for SQL, as lines of JSON: quotes, escapes, control characters, empty values, no context, both
lengths of a trace ID, and the values of ask.py's main questions. Usage: hostile.py HOURS-AGO"""
import datetime, json, sys

at = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(hours=float(sys.argv[1]))
at = at.replace(minute=at.minute // 5 * 5, second=0, microsecond=0)  # the first event is in the partition's first microsecond
values = ["it's", 'a "quoted" one', "back\\slash", "\\", "\\'; DROP TABLE audit_events; --", "%s {0} $1 ${x}", "two\nlines\ttab", "\x1b[31mred\x07", "\u202eright to left", "naïve ✓ 日本 🙂", "", "?", "a=b", "-- no comment", "/* */", "'", "''", "x'"]
events = [{"app": "hostile", "message": "value " + str(n), "context": {"item": v, "k'" + str(n): "x", v or "empty": "key"}} for n, v in enumerate(values)]
events += [
    {"app": "hostile's", "message": "no context", "trace_id": "463ac35c9f6413ad"},
    {"app": "hostile", "message": "an empty value", "trace_id": "0000000000000000463ac35c9f6413ad", "context": {"network": ""}},
    {"app": "hostile", "message": "the mission's", "trace_id": "463ac35c9f6413ad48485a3953bb6124", "context": {"network": "instagram", "network_id": "1584258444344170009_249075471"}, "trace_names": ["it's", "anton_client_filter"]},
]
for n, e in enumerate(events):
    micros = 299_999_999 if n == len(events) - 1 else n * 1001  # the last event is in the partition's last microsecond
    e["timestamp"] = (at + datetime.timedelta(microseconds=micros)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    print(json.dumps(e))
