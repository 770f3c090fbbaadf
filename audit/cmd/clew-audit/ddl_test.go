package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func ddlOf(t *testing.T, args ...string) string {
	t.Helper()
	r := clewAudit(t, "", append([]string{"ddl"}, args...)...)
	require.Equal(t, exitFound, r.code, r.err)
	return r.out
}

func TestDDLAthena(t *testing.T) {
	text := ddlOf(t, "athena", "--location", "s3://media-audit/events", "--years", "2026-2027")
	assert.Contains(t, text, "CREATE EXTERNAL TABLE audit_events (\n  `timestamp` timestamp,\n")
	assert.Contains(t, text, "\nLOCATION 's3://media-audit/events/'\n")
	for _, property := range []string{
		"'projection.enabled' = 'true'", "'projection.year.range' = '2026,2027'", "'projection.hour.digits' = '2'",
		"'projection.minute.range' = '0,55'", "'projection.minute.interval' = '5'", "'projection.minute.digits' = '2'",
		"'storage.location.template' = 's3://media-audit/events/year=${year}/month=${month}/day=${day}/hour=${hour}/minute=${minute}/'",
	} {
		assert.Contains(t, text, property)
	}
	assert.NotContains(t, text, ";")
	assert.NotContains(t, text, "--", "Athena does not accept comments everywhere")
	assert.Contains(t, ddlOf(t, "athena", "--location", "s3://media-audit", "--table", "audit.order"), "CREATE EXTERNAL TABLE `audit`.`order` (")
}

func TestDDLTrino(t *testing.T) {
	text := ddlOf(t, "trino", "--location", "s3://media-audit/events/", "--table", "hive.audit.audit_events", "--years", "2026")
	assert.Contains(t, text, `CREATE TABLE "hive"."audit".audit_events (`)
	assert.Contains(t, text, "year integer WITH (partition_projection_type = 'INTEGER', partition_projection_range = ARRAY['2026', '2026'], partition_projection_digits = 4)")
	assert.Contains(t, text, "minute integer WITH (partition_projection_type = 'INTEGER', partition_projection_range = ARRAY['0', '55'], partition_projection_digits = 2, partition_projection_interval = 5)")
	assert.Contains(t, text, "external_location = 's3://media-audit/events/'")
	assert.NotContains(t, text, "fs.native-local")
	dir := t.TempDir()
	text = ddlOf(t, "trino", "--location", dir+"/it's")
	assert.Contains(t, text, "it''s/'")
	assert.Contains(t, text, "external_location = 'local:///")
	assert.Contains(t, text, "fs.native-local")
}

func TestDDLViews(t *testing.T) {
	const files = "year=*/month=*/day=*/hour=*/minute=*/*.parquet"
	assert.Contains(t, ddlOf(t, "clickhouse", "--location", "s3://media-audit/events"), "FROM s3('s3://media-audit/events/"+files+"', 'Parquet',")
	assert.Contains(t, ddlOf(t, "clickhouse", "--location", "s3://media-audit", "--endpoint", "http://127.0.0.1:9000/"), "FROM s3('http://127.0.0.1:9000/media-audit/"+files+"'")
	assert.Contains(t, ddlOf(t, "clickhouse", "--location", "/var/it's"), "it''s/"+files+"', 'Parquet',")
	text := ddlOf(t, "duckdb", "--location", "/var/it's")
	assert.Contains(t, text, "SET TimeZone = 'UTC';\n")
	assert.Contains(t, text, "it''s/"+files+"', hive_partitioning = true,")
	assert.NotContains(t, text, "SECRET")
	text = ddlOf(t, "duckdb", "--location", "s3://media-audit/events")
	assert.Contains(t, text, "(TYPE s3, PROVIDER credential_chain, SCOPE 's3://media-audit/events/');")
	text = ddlOf(t, "duckdb", "--location", "s3://media-audit/events", "--endpoint", "http://127.0.0.1:9000")
	assert.Contains(t, text, "ENDPOINT '127.0.0.1:9000', URL_STYLE 'path', USE_SSL false")
}

// argumentOf returns the JSON between the single quotes of a command.
func argumentOf(t *testing.T, command string) (argument map[string]any) {
	t.Helper()
	parts := strings.Split(command, "'")
	require.Len(t, parts, 3, command)
	require.NoError(t, json.Unmarshal([]byte(parts[1]), &argument))
	return argument
}

func TestDDLCommands(t *testing.T) {
	command := ddlOf(t, "s3", "--location", "s3://media-audit/events", "--ttl", "36h")
	assert.True(t, strings.HasPrefix(command, "aws s3api put-bucket-lifecycle-configuration --bucket media-audit "), command)
	rule := argumentOf(t, command)["Rules"].([]any)[0].(map[string]any)
	assert.Equal(t, map[string]any{"Days": 2.}, rule["Expiration"], "36 hours are rounded up to two days")
	assert.Equal(t, map[string]any{"Prefix": "events/year="}, rule["Filter"], "the rule applies only to events")
	assert.Equal(t, map[string]any{"DaysAfterInitiation": 1.}, rule["AbortIncompleteMultipartUpload"])
	assert.Equal(t, "Enabled", rule["Status"])
	assert.Equal(t, map[string]any{"Prefix": "year="}, argumentOf(t, ddlOf(t, "s3", "--location", "s3://media-audit"))["Rules"].([]any)[0].(map[string]any)["Filter"])
	assert.Contains(t, clewAudit(t, "", "ddl", "s3", "--location", "s3://media-audit").err, "replaces all rules")

	group := argumentOf(t, ddlOf(t, "workgroup", "--location", "s3://media-audit/events", "--max-bytes", "1GB"))
	assert.InDelta(t, 1e9, group["BytesScannedCutoffPerQuery"], 0)
	assert.Equal(t, map[string]any{"OutputLocation": "s3://media-audit/_athena-results/"}, group["ResultConfiguration"], "results are not stored among the events")
	assert.Equal(t, true, group["EnforceWorkGroupConfiguration"])
}

// The whole path is checked, including the working directory before a relative location.
func TestDDLInADirectory(t *testing.T) {
	for _, name := range []string{"x\x1b[31m", "x*", "{x}"} {
		dir := filepath.Join(t.TempDir(), name)
		require.NoError(t, os.Mkdir(dir, 0o700))
		t.Chdir(dir)
		for _, location := range []string{".", "audit"} {
			r := clewAudit(t, "", "ddl", "trino", "--location", location)
			assert.Equal(t, exitUsage, r.code, name)
			assert.Contains(t, r.err, "--location wants a directory whose path has none of")
			assert.Empty(t, r.out)
			assert.NotContains(t, r.err, "\x1b")
		}
	}
	t.Chdir(t.TempDir())
	assert.Contains(t, ddlOf(t, "trino", "--location", "."), "external_location = 'local:///")
}

func TestSQLUsage(t *testing.T) {
	const at = "|--location|s3://media-audit/events"
	tests := []struct{ name, args, err string }{
		{"no engine", "sql", "expected \"<engine>\""},
		{"an unknown engine of sql", "sql|oracle", "must be one of \"athena\",\"trino\",\"clickhouse\",\"duckdb\""},
		{"an unknown engine of ddl", "ddl|oracle" + at, "must be one of"},
		{"no location", "ddl|trino", "missing flags: --location"},
		{"a hostile table", "sql|trino|x|--table|t; DROP TABLE x", "--table wants a name"},
		{"a quote in a table", "ddl|trino|--table|a\"b" + at, "--table wants a name"},
		{"a table with too many parts", "ddl|athena|--table|a.b.c" + at, "--table wants a name"},
		{"until before since", "sql|trino|x|--since|1h|--until|2h", "--until is before --since"},
		{"an empty range", "sql|trino|x|--since|2026-11-18T22:00:00Z|--until|2026-11-18T22:00:00Z", "the range ends before it begins"},
		{"a range that has not begun", "sql|trino|x|--since|2999-01-01", "the range ends before it begins"},
		{"a negative limit", "sql|trino|x|--limit=-1", "--limit wants a number that is not negative"},
		{"two filters", "sql|trino|filter=a|filter=b", "only the events of one filter can be asked for"},
		{"a bad trace ID", "sql|trino|--trace|nonsense", "--trace wants a trace ID"},
		{"a bad name of a bucket", "ddl|athena|--location|s3://Media_Audit/x", "--location wants s3://bucket/prefix"},
		{"a URL without a bucket", "ddl|athena|--location|s3://", "--location wants s3://bucket/prefix"},
		{"a hostile prefix", "ddl|athena|--location|s3://media/a'b", "--location wants s3://bucket/prefix"},
		{"a template in a prefix", "ddl|athena|--location|s3://media/${year}", "--location wants s3://bucket/prefix"},
		{"an escape in a prefix", "ddl|athena|--location|s3://media/\x1b[31m", `not "s3://media/\x1b[31m"`},
		{"a scheme other than s3", "ddl|trino|--location|gs://media", "--location wants a directory"},
		{"a pattern", "ddl|duckdb|--location|/var/lib/*/audit", "--location wants a directory"},
		{"an empty location", "ddl|duckdb|--location|", "--location wants a directory"},
		{"Athena on a directory", "ddl|athena|--location|/var/lib/audit", "Athena reads S3"},
		{"a workgroup of a directory", "ddl|workgroup|--location|/var/lib/audit", "Athena reads S3"},
		{"rules of a directory", "ddl|s3|--location|/var/lib/audit", "only buckets have rules"},
		{"years in the wrong order", "ddl|trino|--years|2027-2026" + at, "--years wants two years"},
		{"a bad TTL", "ddl|s3|--ttl|soon" + at, "--ttl wants a duration"},
		{"too few bytes", "ddl|workgroup|--max-bytes|1MB" + at, "--max-bytes wants a number of bytes of at least 10MB"},
		{"a bad endpoint", "ddl|duckdb|--endpoint|http://a'b" + at, "--endpoint wants the URL of an S3 server"},
		{"an endpoint with a password", "ddl|duckdb|--endpoint|http://u:p@host" + at, "--endpoint wants the URL of an S3 server"},
		{"an endpoint for a directory", "ddl|duckdb|--endpoint|http://host|--location|/var", "--endpoint is for a location on S3"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := clewAudit(t, "", strings.Split(test.args, "|")...)
			assert.Equal(t, exitUsage, r.code, r.out)
			assert.Contains(t, r.err, test.err)
			assert.Empty(t, r.out)
		})
	}
}
