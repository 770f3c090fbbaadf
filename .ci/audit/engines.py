"""The engines. Each has query(sql), which returns rows as dicts with timestamps in microseconds since 1970."""
import datetime, json, time, urllib.request

EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def microseconds(t):
    """Returns the microseconds since 1970 of a datetime, or of a text in UTC as find, Trino and ClickHouse write it."""
    if isinstance(t, str):
        t = datetime.datetime.fromisoformat(t.rstrip("Z").replace("T", " "))
        t = t.replace(tzinfo=datetime.timezone.utc)
    return (t - EPOCH) // datetime.timedelta(microseconds=1)


def statements(text):
    """Returns the SQL statements in a text, without comments and final semicolons."""
    lines = [line for line in text.splitlines() if not line.startswith("--")]
    return [s for s in "\n".join(lines).rstrip().rstrip(";").split(";\n") if s]


class DuckDB:
    def __init__(self):
        import duckdb
        self.name, self.db = "DuckDB " + duckdb.__version__, duckdb.connect()

    def make(self, ddl):
        self.db.execute(ddl)

    def query(self, sql):
        result = self.db.execute(sql)
        names = [column[0] for column in result.description]
        rows = [dict(zip(names, row)) for row in result.fetchall()]
        for row in rows:
            if "timestamp" in row:
                row["timestamp"] = microseconds(row["timestamp"])
        return rows


class ClickHouse:
    def __init__(self):
        from chdb import session
        self.db = session.Session()
        self.db.query("CREATE DATABASE clew")
        self.db.query("USE clew")
        self.name = "ClickHouse " + json.loads(self.db.query("SELECT version() AS v", "JSONEachRow").bytes())["v"]

    def make(self, ddl):
        for statement in statements(ddl):
            self.db.query(statement)

    def query(self, sql):
        rows = [json.loads(line) for line in self.db.query(statements(sql)[0], "JSONEachRow").bytes().splitlines()]
        for row in rows:
            if "timestamp" in row:
                row["timestamp"] = microseconds(row["timestamp"])
        return rows


class Trino:
    """A Trino cluster at a URL. After a query, stats has the query's statistics."""

    def __init__(self, url="http://127.0.0.1:18100", schema="audit", **session):
        self.url, self.stats = url, {}
        self.headers = {"X-Trino-User": "clew", "X-Trino-Catalog": "hive", "X-Trino-Schema": schema, "X-Trino-Time-Zone": "UTC",
                        "X-Trino-Client-Capabilities": "PARAMETRIC_DATETIME"}  # without it, timestamps are rounded to milliseconds
        if session:
            self.headers["X-Trino-Session"] = ",".join(f"{name.replace('__', '.')}={value}" for name, value in session.items())
        self.name = "Trino " + self.info()["nodeVersion"]["version"]

    def info(self, seconds=120):
        """Waits until the coordinator answers, and returns its info."""
        end = time.monotonic() + seconds
        while True:
            try:
                return self.call("GET", self.url + "/v1/info")
            except OSError:
                if time.monotonic() > end:
                    raise
                time.sleep(1)

    def call(self, method, url, body=None):
        request = urllib.request.Request(url, data=body, method=method, headers=self.headers)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.loads(answer.read() or b"{}")

    def start(self, sql):
        return self.call("POST", self.url + "/v1/statement", statements(sql)[0].encode())

    def finish(self, answer):
        columns, rows = None, []
        while True:
            columns = answer.get("columns", columns)
            rows += answer.get("data", [])
            self.stats = answer["stats"]
            if "error" in answer:
                raise RuntimeError(answer["error"]["errorName"] + ": " + answer["error"]["message"])
            if "nextUri" not in answer:
                break
            answer = self.call("GET", answer["nextUri"])
        self.id = answer["id"]
        return [dict(zip([c["name"] for c in columns or []], row)) for row in rows]

    def make(self, ddl):
        for statement in statements(ddl):
            self.again(statement)

    def query(self, sql):
        rows = self.finish(self.start(sql))
        for row in rows:
            if "timestamp" in row:
                row["timestamp"] = microseconds(row["timestamp"])
        return rows

    def again(self, sql, seconds=90):
        """Runs query, and repeats it while workers start or stop."""
        end = time.monotonic() + seconds
        while True:
            try:
                return self.query(sql)
            except (RuntimeError, OSError) as e:
                if time.monotonic() > end or "SYNTAX" in str(e) or "ALREADY" in str(e):
                    raise
                time.sleep(1)


ENGINES = {"duckdb": DuckDB, "clickhouse": ClickHouse, "trino": Trino, "athena": Trino}
