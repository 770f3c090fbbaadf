package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"

	"example.com/clew/internal/when"
)

// ddlCommand is clew-audit ddl.
type ddlCommand struct {
	Engine   string `arg:"" enum:"athena,workgroup,trino,clickhouse,duckdb,s3" help:"What the printed statements or commands are for: ${enum}."`
	Location string `help:"Where the files are: s3://bucket/prefix, or a directory." placeholder:"LOCATION" required:""`
	Table    string `help:"The name of the table, with catalog and schema if these are not the current ones." default:"audit_events" placeholder:"NAME"`
	Years    string `help:"For athena and trino: the years that may have events, as in 2026-2027. Without it, this year and the next, and the year in which the TTL began." placeholder:"YEARS"`
	Endpoint string `help:"For clickhouse and duckdb: the URL of an S3 server that is not AWS's." placeholder:"URL"`
	TTL      string `help:"For s3: how long events are kept, in whole days." default:"14d" placeholder:"DURATION"`
	MaxBytes string `help:"For workgroup: how much a query may read, at least 10MB." default:"10GB" placeholder:"BYTES"`
}

// Help returns the text below the usage line of --help.
func (ddlCommand) Help() string {
	return `athena, trino, clickhouse and duckdb print the statements that make the table. workgroup and s3 print
commands of the AWS CLI: workgroup makes a workgroup of Athena whose queries have a limit of bytes,
and s3 sets a rule by which the bucket deletes old events. Nothing is run.

Examples:

  clew-audit ddl athena --location s3://media-audit/events
  clew-audit ddl workgroup --location s3://media-audit/events --max-bytes 1GB
  clew-audit ddl trino --location s3://media-audit/events --table hive.audit.audit_events
  clew-audit ddl clickhouse --location s3://media-audit/events
  clew-audit ddl duckdb --location /var/lib/media/audit
  clew-audit ddl s3 --location s3://media-audit/events --ttl 14d`
}

func (d *ddlCommand) run(_ context.Context, std streams) (int, error) {
	text, err := d.text(time.Now())
	if err != nil {
		return 0, err
	}
	if d.Engine == "s3" {
		std.say("this replaces all rules that the bucket has: look at them first, with aws s3api get-bucket-lifecycle-configuration")
	}
	_, err = io.WriteString(std.out, text)
	return exitFound, err
}

// text returns the statements, or the command.
func (d *ddlCommand) text(now time.Time) (string, error) {
	at, err := parseLocation(d.Location, d.Endpoint)
	if err != nil {
		return "", err
	}
	switch d.Engine {
	case "workgroup":
		return d.workgroup(at)
	case "s3":
		return d.lifecycle(at)
	}
	quote := `"`
	if d.Engine == "athena" { // Athena makes tables with statements of Hive
		quote = "`"
	}
	table, err := tableName(d.Table, quote, dialects[d.Engine].depth)
	if err != nil {
		return "", err
	}
	years, err := d.years(now)
	if err != nil {
		return "", err
	}
	switch d.Engine {
	case "athena":
		if at.bucket == "" {
			return "", usagef("Athena reads S3: --location s3://bucket/prefix")
		}
		return athenaTable(table, at, years), nil
	case "trino":
		return trinoTable(table, at, years), nil
	case "clickhouse":
		return clickHouseView(table, at), nil
	}
	return duckDBView(table, at), nil
}

var yearsForm = regexp.MustCompile(`^([0-9]{4})(?:-([0-9]{4}))?$`)

// years returns the first and the last year of the partitions.
func (d *ddlCommand) years(now time.Time) (years [2]string, err error) {
	if d.Years == "" {
		now = now.UTC()
		return [2]string{now.Add(-defaultTTL).Format("2006"), now.AddDate(1, 0, 0).Format("2006")}, nil
	}
	m := yearsForm.FindStringSubmatch(d.Years)
	if m == nil || m[2] != "" && m[2] < m[1] {
		return years, usagef("--years wants two years, as in 2026-2027, not %q", clip(d.Years))
	}
	return [2]string{m[1], cmp.Or(m[2], m[1])}, nil
}

// defaultTTL is how long events are kept by default.
const defaultTTL = 14 * 24 * time.Hour

// projected is a column of the partitions, with the range of its values. Athena and Trino compute
// the partitions from these ranges, so they need no list of partitions.
type projected struct {
	name             string
	first, last      string
	digits, interval int // interval 0: the engine's default, which is 1
}

func projection(years [2]string) []projected {
	return []projected{
		{"year", years[0], years[1], 4, 0},
		{"month", "1", "12", 2, 0},
		{"day", "1", "31", 2, 0},
		{"hour", "0", "23", 2, 0},
		{"minute", "0", "55", 2, 5},
	}
}

func athenaTable(table string, at location, years [2]string) string {
	var b strings.Builder
	b.WriteString("CREATE EXTERNAL TABLE " + table + " (\n" +
		"  `timestamp` timestamp,\n  `trace_id` string,\n  `app` string,\n  `message` string,\n" +
		"  `context` map<string, string>,\n  `trace_names` array<string>\n)\n" +
		"PARTITIONED BY (`year` int, `month` int, `day` int, `hour` int, `minute` int)\n" +
		"STORED AS PARQUET\nLOCATION '" + at.url() + "'\nTBLPROPERTIES (\n  'projection.enabled' = 'true',\n")
	template := at.url()
	for _, p := range projection(years) {
		property := func(name, value string) {
			fmt.Fprintf(&b, "  'projection.%s.%s' = '%s',\n", p.name, name, value)
		}
		property("type", "integer")
		property("range", p.first+","+p.last)
		property("digits", strconv.Itoa(p.digits))
		if p.interval > 0 {
			property("interval", strconv.Itoa(p.interval))
		}
		template += p.name + "=${" + p.name + "}/"
	}
	b.WriteString("  'storage.location.template' = '" + template + "'\n)\n")
	return b.String()
}

func trinoTable(table string, at location, years [2]string) string {
	var b strings.Builder
	b.WriteString("-- The catalog's properties need hive.timestamp-precision=MICROSECONDS\n")
	if at.bucket == "" {
		b.WriteString("-- For a directory they need fs.native-local.enabled=true, local.location=/ and hive.ignore-absent-partitions=true too\n")
	}
	b.WriteString("CREATE TABLE " + table + " (\n" +
		"  timestamp timestamp(6),\n  trace_id varchar,\n  app varchar,\n  message varchar,\n" +
		"  context map(varchar, varchar),\n  trace_names array(varchar)")
	for _, p := range projection(years) {
		fmt.Fprintf(&b, ",\n  %s integer WITH (partition_projection_type = 'INTEGER', partition_projection_range = ARRAY['%s', '%s'], partition_projection_digits = %d",
			p.name, p.first, p.last, p.digits)
		if p.interval > 0 {
			fmt.Fprintf(&b, ", partition_projection_interval = %d", p.interval)
		}
		b.WriteString(")")
	}
	b.WriteString("\n)\nWITH (\n  external_location = " + quoted(at.trino()) + ",\n  format = 'PARQUET',\n" +
		"  partitioned_by = ARRAY['year', 'month', 'day', 'hour', 'minute'],\n  partition_projection_enabled = true\n);\n")
	return b.String()
}

// filesPattern matches the files of a lake, for engines that have patterns. It names all levels of
// directories, because a pattern such as **/*.parquet would also match files that are not clew's.
const filesPattern = "year=*/month=*/day=*/hour=*/minute=*/*.parquet"

func clickHouseView(table string, at location) string {
	source := "file(" + byteLiteral(at.path+filesPattern)
	if at.bucket != "" {
		source = "s3(" + byteLiteral(at.http()+filesPattern)
	}
	return "CREATE VIEW " + table + " AS\nSELECT * FROM " + source + ", 'Parquet',\n" +
		`  'timestamp DateTime64(6, \'UTC\'), trace_id String, app String, message String, context Map(String, String), trace_names Array(String), ` +
		"year UInt16, month UInt8, day UInt8, hour UInt8, minute UInt8')\nSETTINGS use_hive_partitioning = 1;\n"
}

func duckDBView(table string, at location) string {
	var b strings.Builder
	b.WriteString("SET TimeZone = 'UTC';\n")
	files := at.path + filesPattern
	if at.bucket != "" {
		b.WriteString("INSTALL httpfs; LOAD httpfs; INSTALL aws; LOAD aws;\nCREATE OR REPLACE SECRET clew_audit (TYPE s3, PROVIDER credential_chain")
		if at.endpoint != nil {
			fmt.Fprintf(&b, ", ENDPOINT '%s', URL_STYLE 'path', USE_SSL %t", at.endpoint.Host, at.endpoint.Scheme == "https")
		}
		b.WriteString(", SCOPE '" + at.url() + "');\n")
		files = at.url() + filesPattern
	}
	// Without hive_types, the value of hour=05 is a string.
	b.WriteString("CREATE OR REPLACE VIEW " + table + " AS\nSELECT * FROM read_parquet(" + chrLiteral(files) + ", hive_partitioning = true,\n" +
		"  hive_types = {year: INTEGER, month: INTEGER, day: INTEGER, hour: INTEGER, minute: INTEGER});\n")
	return b.String()
}

// workgroup returns the command that makes a workgroup of Athena. Results go to a directory that
// no engine reads as events.
func (d *ddlCommand) workgroup(at location) (string, error) {
	if at.bucket == "" {
		return "", usagef("Athena reads S3: --location s3://bucket/prefix")
	}
	most, ok := byteCount(d.MaxBytes)
	if !ok || most < 10_000_000 {
		return "", usagef("--max-bytes wants a number of bytes of at least 10MB, such as 1GB, not %q", clip(d.MaxBytes))
	}
	return shellCommand("aws athena create-work-group --name clew-audit --configuration", map[string]any{
		"BytesScannedCutoffPerQuery":      most,
		"EnforceWorkGroupConfiguration":   true,
		"PublishCloudWatchMetricsEnabled": true,
		"ResultConfiguration":             map[string]any{"OutputLocation": "s3://" + at.bucket + "/_athena-results/"},
	})
}

// lifecycle returns the command that sets the bucket's rules.
func (d *ddlCommand) lifecycle(at location) (string, error) {
	if at.bucket == "" {
		return "", usagef("only buckets have rules: --location s3://bucket/prefix; in a directory, clew-audit compact --ttl deletes old events")
	}
	ttl, ok := when.Duration(d.TTL)
	if !ok || ttl == 0 {
		return "", usagef("--ttl wants a duration such as 14d, not %q", clip(d.TTL))
	}
	const day = 24 * time.Hour
	rule := map[string]any{
		"ID":                             "clew-audit " + strings.TrimSuffix(at.prefix, "/"),
		"Status":                         "Enabled",
		"Filter":                         map[string]any{"Prefix": at.prefix + "year="},
		"Expiration":                     map[string]any{"Days": int((ttl + day - 1) / day)},
		"NoncurrentVersionExpiration":    map[string]any{"NoncurrentDays": 1},
		"AbortIncompleteMultipartUpload": map[string]any{"DaysAfterInitiation": 1},
	}
	return shellCommand("aws s3api put-bucket-lifecycle-configuration --bucket "+at.bucket+" --lifecycle-configuration",
		map[string]any{"Rules": []any{rule}})
}

// shellCommand returns a command with an argument in JSON.
func shellCommand(command string, argument any) (string, error) {
	text, err := json.MarshalIndent(argument, "", "  ")
	return command + " '" + string(text) + "'\n", err
}

var (
	bucketForm = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$`)
	// prefixForm allows no character that an engine, a shell or SQL may interpret.
	prefixForm = regexp.MustCompile(`^(?:[A-Za-z0-9_=.-]+/)*$`)
)

var endpointForm = regexp.MustCompile(`^https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?/?$`)

var tableForm = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]{0,62}(?:\.[A-Za-z_][A-Za-z0-9_]{0,62}){0,2}$`)

// tableName returns the name of a table in an engine's syntax. It quotes all names except
// audit_events, because they may be keywords of SQL.
func tableName(name, quote string, depth int) (string, error) {
	parts := strings.Split(name, ".")
	if !tableForm.MatchString(name) || len(parts) > depth {
		return "", usagef("--table wants a name of letters, digits and _, or such names with dots between them if the engine has schemas or catalogs, not %q", clip(name))
	}
	for i, part := range parts {
		if part != "audit_events" {
			parts[i] = quote + part + quote
		}
	}
	return strings.Join(parts, "."), nil
}
