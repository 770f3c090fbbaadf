package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"example.com/clew/audit/lake"
)

// sqlCommand is clew-audit sql.
type sqlCommand struct {
	Engine string   `arg:"" enum:"athena,trino,clickhouse,duckdb" help:"The engine: ${enum}."`
	Words  []string `arg:"" optional:"" name:"value|key=value" help:"Values and pairs that an event must have, as with find."`

	matching
	Since  string `help:"Leave out what is older: 15m, 2h, 3d, 14:05, 2026-11-26, or a time in RFC 3339. Without it, the range begins shortly before the time in the trace ID, or 24h ago if there is no such time." placeholder:"WHEN"`
	Until  string `help:"Leave out what is newer. Without it: now." placeholder:"WHEN"`
	Within string `help:"Search for a trace's events until this long after the trace began; 1h without the flag." placeholder:"DURATION"`
	Limit  int    `help:"Ask for no more events than this, the newest; 0: all." default:"100"`
	Table  string `help:"The name of the table that clew-audit ddl has made, with catalog and schema if it needs them." default:"audit_events" placeholder:"NAME"`
}

// Help returns the text below the usage line of --help.
func (sqlCommand) Help() string {
	return `The query finds the same events as find with these arguments and flags. Run it with the engine's own
command, which has your credentials.

Examples:

  clew-audit sql trino network=instagram network_id=1584258444344170009_249075471 --since 2h | trino --server http://trino:8080
  clew-audit sql athena filter=anton_client_filter --since 1h
  aws athena start-query-execution --work-group clew-audit --query-string "$(clew-audit sql athena XYZ.123)"
  (clew-audit ddl duckdb --location /var/lib/media/audit; clew-audit sql duckdb XYZ.123) | duckdb
  clew-audit sql clickhouse --app media-api --message 'item dropped' --since 15m | clickhouse client`
}

func (s *sqlCommand) run(ctx context.Context, std streams) (int, error) {
	text, err := s.text(ctx, time.Now())
	if err != nil {
		return 0, err
	}
	_, err = io.WriteString(std.out, text)
	return exitFound, err
}

// text returns the query.
func (s *sqlCommand) text(ctx context.Context, now time.Time) (string, error) {
	d := dialects[s.Engine]
	table, err := tableName(s.Table, `"`, d.depth)
	if err != nil {
		return "", err
	}
	f := findCommand{
		Words: s.Words, matching: s.matching,
		choice: choice{Since: s.Since, Until: s.Until, Within: s.Within, MaxBytes: "0"}, Limit: s.Limit,
	}
	q, err := f.query(now)
	if err != nil {
		return "", err
	}
	since, until, err := q.rangeAt(ctx, now)
	if err != nil {
		return "", err
	}
	conditions := append(d.during(since, until), d.conditions(&q)...)
	text := "SELECT minute, app, message, timestamp, context\nFROM " + table +
		"\nWHERE " + strings.Join(conditions, "\n  AND ") + "\nORDER BY timestamp DESC"
	if q.limit > 0 {
		text += fmt.Sprintf("\nLIMIT %d", q.limit)
	}
	return text + d.end + "\n", nil
}

// rangeAt returns the range that find would begin with. A range without an end ends now, because
// an engine looks for all partitions that the query allows, even if they do not exist.
func (q *query) rangeAt(ctx context.Context, now time.Time) (since, until time.Time, err error) {
	l := q.lake()
	l.Now = now
	var report lake.Report
	for _, err := range lake.Find(ctx, l, &report) { // a search of no stores, only for the range in its report
		if err != nil {
			return since, until, usagef("%s", strings.TrimPrefix(err.Error(), "lake: "))
		}
	}
	since, until = report.Since, report.Until
	if until.IsZero() {
		until = now
	}
	if !since.Before(until) {
		return since, until, usagef("the range ends before it begins")
	}
	return since.UTC(), until.UTC(), nil
}
