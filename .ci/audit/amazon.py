"""Parses the table that "clew-audit ddl athena" prints. Runs the commands that "ddl s3" and "ddl workgroup" print, against moto.

Usage: amazon.py COMMAND LOCATION BIN ATHENA-SQL"""
import json, logging, os, subprocess, sys
import sqlglot
from moto.server import ThreadedMotoServer

command, location, bin, sql = sys.argv[1:5]
table = sqlglot.parse_one(open(sql).read(), dialect="athena")
properties = {p.this.name: p.args["value"].name for p in table.find_all(sqlglot.exp.Property) if type(p) is sqlglot.exp.Property}
columns = [c.name for c in table.find_all(sqlglot.exp.ColumnDef)]
if columns != ["timestamp", "trace_id", "app", "message", "context", "trace_names", "year", "month", "day", "hour", "minute"]:
    sys.exit(f"Athena's columns are {columns}")
if properties.get("projection.enabled") != "true" or properties.get("projection.minute.interval") != "5":
    sys.exit(f"Athena's properties are {properties}")

logging.getLogger("werkzeug").setLevel(logging.ERROR)
server = ThreadedMotoServer("127.0.0.1", 17201, verbose=False)
server.start()
try:
    env = dict(os.environ, PATH=f"{bin}:{os.environ['PATH']}", AWS_ENDPOINT_URL="http://127.0.0.1:17201", AWS_ENDPOINT_URL_S3="http://127.0.0.1:17201", AWS_REGION="us-east-1", AWS_DEFAULT_REGION="us-east-1", AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x")
    run = lambda text: subprocess.run(["bash", "-euc", text], env=env, check=True, capture_output=True, text=True).stdout
    bucket = location.removeprefix("s3://").split("/")[0]
    run(f"aws s3 mb s3://{bucket}")
    for engine in ("s3", "workgroup"):
        run(subprocess.run([command, "ddl", engine, "--location", location], check=True, capture_output=True, text=True).stdout)
    rule = json.loads(run(f"aws s3api get-bucket-lifecycle-configuration --bucket {bucket}"))["Rules"][0]
    group = json.loads(run("aws athena get-work-group --work-group clew-audit"))["WorkGroup"]
finally:
    server.stop()
if rule["Expiration"]["Days"] != 14 or rule["Status"] != "Enabled" or not rule["Filter"]["Prefix"].endswith("year=") or rule["AbortIncompleteMultipartUpload"]["DaysAfterInitiation"] != 1:
    sys.exit(f"the bucket's rule is {rule}")
if group["Configuration"]["BytesScannedCutoffPerQuery"] != 10_000_000_000:
    sys.exit(f"the workgroup is {group}")
print(f"Athena's table is understood by sqlglot {sqlglot.__version__}; the bucket has the rule {rule['ID']!r}, and the workgroup its limit")
