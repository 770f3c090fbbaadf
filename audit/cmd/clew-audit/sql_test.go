package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const hourOf18 = "--since|2026-11-18T22:00:00Z|--until|2026-11-18T23:00:00Z"

// For each engine, sql prints two queries in its dialect: a query for two pairs, and a query for
// the name of a filter.
func TestSQL(t *testing.T) {
	const (
		begin = "SELECT minute, app, message, timestamp, context\nFROM audit_events\nWHERE year = 2026 AND month = 11 AND day = 18 AND hour = 22\n"
		end   = "\nORDER BY timestamp DESC\nLIMIT 100"
		id    = "1584258444344170009_249075471"
	)
	tests := []struct{ engine, pairs, passed string }{
		{"trino", "  AND element_at(context, 'network') = 'instagram'\n  AND element_at(context, 'network_id') = '" + id + "'", "  AND contains(trace_names, 'anton_client_filter')"},
		{"athena", "  AND element_at(context, 'network') = 'instagram'\n  AND element_at(context, 'network_id') = '" + id + "'", "  AND contains(trace_names, 'anton_client_filter')"},
		{"clickhouse", "  AND context['network'] = 'instagram'\n  AND context['network_id'] = '" + id + "'", "  AND has(trace_names, 'anton_client_filter')"},
		{"duckdb", "  AND context['network'] = 'instagram'\n  AND context['network_id'] = '" + id + "'", "  AND list_contains(trace_names, 'anton_client_filter')"},
	}
	for _, test := range tests {
		t.Run(test.engine, func(t *testing.T) {
			semicolon := ";\n"
			if test.engine == "athena" {
				semicolon = "\n"
			}
			assert.Equal(t, begin+test.pairs+end+semicolon, sqlOf(t, test.engine, "network=instagram|network_id="+id+"|"+hourOf18))
			assert.Equal(t, begin+test.passed+end+semicolon, sqlOf(t, test.engine, "filter=anton_client_filter|"+hourOf18))
		})
	}
}

// sqlOf returns the query for arguments and flags of find, which are separated by bars.
func sqlOf(t *testing.T, engine, args string) string {
	t.Helper()
	r := clewAudit(t, "", append([]string{"sql", engine}, strings.Split(args, "|")...)...)
	require.Equal(t, exitFound, r.code, r.err)
	require.Empty(t, r.err)
	return r.out
}

// conditionsOf returns the conditions of a query after the conditions on partitions.
func conditionsOf(t *testing.T, engine, args string) string {
	t.Helper()
	query := sqlOf(t, engine, args)
	require.Contains(t, query, "\nWHERE ")
	_, conditions, _ := strings.Cut(query, "hour = 22\n")
	conditions, _, _ = strings.Cut(conditions, "\nORDER BY")
	return conditions
}

func TestSQLConditions(t *testing.T) {
	const long, short = "0000000000000000463ac35c9f6413ad", "463ac35c9f6413ad"
	tests := []struct{ name, engine, args, want string }{
		{"a value", "trino", "XYZ.123", "contains(map_values(context), 'XYZ.123')"},
		{"a value for ClickHouse", "clickhouse", "XYZ.123", "has(mapValues(context), 'XYZ.123')"},
		{"a value for DuckDB", "duckdb", "XYZ.123", "list_contains(map_values(context), 'XYZ.123')"},
		{"a value with = in it", "trino", "=b=c", "contains(map_values(context), 'b=c')"},
		{"an empty value", "trino", "k=", "element_at(context, 'k') = ''"},
		{"an empty value for DuckDB", "duckdb", "k=", "context['k'] = ''"},
		{"an empty value for ClickHouse, where a missing key reads as empty", "clickhouse", "k=", "mapContains(context, 'k') AND context['k'] = ''"},
		{"a key called filter", "trino", "--context|filter=x", "element_at(context, 'filter') = 'x'"},
		{"the name of a filter", "trino", "--name|slow", "contains(trace_names, 'slow')"},
		{"an app and a message", "trino", "--app|a|--message|item dropped", "app = 'a'\n  AND message = 'item dropped'"},
		{"a trace of 16 digits", "trino", "--trace|" + short, "trace_id IN ('" + short + "', '" + long + "')"},
		{"a trace of 16 digits after 16 zeros", "duckdb", "--trace|" + long, "trace_id IN ('" + short + "', '" + long + "')"},
		{"a trace of 32 digits", "trino", "--trace|00-" + strings.Repeat("ab", 16) + "-0000000000000001-01", "trace_id = '" + strings.Repeat("ab", 16) + "'"},
		{"a quote", "trino", "k'=o'b", "element_at(context, 'k''') = 'o''b'"},
		{"a quote for ClickHouse", "clickhouse", `k'=o'\' OR 1=1 --`, `context['k'''] = 'o''\\'' OR 1=1 --'`},
		{"a quote for DuckDB", "duckdb", "k'=o'b", "context['k'''] = 'o''b'"},
		{"a backslash", "trino", `k=a\b`, `element_at(context, 'k') = 'a\b'`},
		{"control characters", "trino", "k=\x1b]'\\\u202e", `element_at(context, 'k') = U&'\+00001B]''\\\+00202E'`},
		{"control characters for ClickHouse", "clickhouse", "k=\x1b]\\\u202e", `context['k'] = '\x1B]\\\xE2\x80\xAE'`},
		{"control characters for DuckDB", "duckdb", "k=a\x1b'\u202e", `context['k'] = ('a' || chr(27) || '''' || chr(8238) || '')`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			assert.Equal(t, "  AND "+test.want, conditionsOf(t, test.engine, test.args+"|"+hourOf18))
		})
	}
}

func TestSQLRange(t *testing.T) {
	when := func(since, until string) string { return "x|--since|" + since + "|--until|" + until }
	tests := []struct{ name, engine, args, want string }{
		{"minutes", "trino", when("2026-11-18T22:15:00Z", "2026-11-18T22:30:00Z"), "hour = 22\n  AND minute BETWEEN 15 AND 25\n"},
		{"one partition", "trino", when("2026-11-18T22:15:00Z", "2026-11-18T22:20:00Z"), "hour = 22 AND minute = 15\n"},
		{"a day", "trino", when("2026-11-18T00:00:00Z", "2026-11-19T00:00:00Z"), "WHERE year = 2026 AND month = 11 AND day = 18\n"},
		{"over midnight", "trino", when("2026-11-18T23:00:00Z", "2026-11-19T01:10:00Z"), "month = 11\n  AND (day = 18 AND hour >= 23 OR day = 19 AND (hour < 1 OR hour = 1 AND minute <= 5))\n"},
		{"over new year", "trino", when("2026-12-31T22:00:00Z", "2027-01-01T00:05:00Z"), "WHERE (year = 2026 AND month = 12 AND day = 31 AND hour >= 22 OR year = 2027 AND month = 1 AND day = 1 AND hour = 0 AND minute <= 0)\n"},
		{"microseconds", "trino", when("2026-11-18T22:15:00.000001Z", "2026-11-18T22:16:00Z"), "minute = 15\n  AND timestamp >= TIMESTAMP '2026-11-18 22:15:00.000001'\n  AND timestamp < TIMESTAMP '2026-11-18 22:16:00.000000'\n"},
		{"microseconds for DuckDB", "duckdb", when("2026-11-18T22:15:00.000001Z", "2026-11-18T22:20:00Z"), "minute = 15\n  AND timestamp >= TIMESTAMPTZ '2026-11-18 22:15:00.000001+00'\n"},
		{"microseconds for ClickHouse", "clickhouse", when("2026-11-18T22:15:00.000001Z", "2026-11-18T22:20:00Z"), "minute = 15\n  AND timestamp >= toDateTime64('2026-11-18 22:15:00.000001', 6, 'UTC')\n"},
		{"milliseconds for Athena", "athena", when("2026-11-18T22:15:00.000999Z", "2026-11-18T22:16:00.000001Z"), "AND timestamp >= TIMESTAMP '2026-11-18 22:15:00.000000'\n  AND timestamp < TIMESTAMP '2026-11-18 22:16:00.001000'\n"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { assert.Contains(t, sqlOf(t, test.engine, test.args), test.want) })
	}
	assert.NotContains(t, sqlOf(t, "trino", "x|--limit|0"), "LIMIT")
	from, to := start.Add(-5*time.Minute).Truncate(5*time.Minute), start.Add(time.Hour).Truncate(5*time.Minute)
	trace := sqlOf(t, "trino", "--trace|"+firstTrace)
	assert.Contains(t, trace, strings.Join(partitionsBetween(partitionOf(from), partitionOf(to)), "\n  AND "), "the range begins at the time in the trace ID")
	assert.NotContains(t, trace, "timestamp >=")
	from, to = time.Now().Add(-2*time.Hour), time.Now()
	now := sqlOf(t, "trino", "x|--since|"+from.Format(time.RFC3339Nano))
	ends := strings.Join(partitionsBetween(partitionOf(from), partitionOf(to)), "\n  AND ")
	if to = time.Now(); !strings.Contains(now, ends) { // the next partition has begun meanwhile
		ends = strings.Join(partitionsBetween(partitionOf(from), partitionOf(to)), "\n  AND ")
	}
	assert.Contains(t, now, ends, "a range without an end ends now")
}

// The conditions of partitionsBetween hold for its two arguments and for each partition between
// them, and for no other partition.
func TestPartitionsBetween(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	spans := []time.Duration{5 * time.Minute, time.Hour, 24 * time.Hour, 40 * 24 * time.Hour, 800 * 24 * time.Hour}
	at := time.Date(2025, 12, 30, 0, 0, 0, 0, time.UTC)
	for n := range 3000 {
		unit := spans[n%len(spans)]
		from := at.Add(time.Duration(random.Int64N(int64(3 * unit)))).Truncate(unit / time.Duration(1+random.IntN(2)))
		to := from.Add(time.Duration(random.Int64N(int64(2 * unit))))
		a, b := partitionOf(from), partitionOf(to)
		text := strings.Join(partitionsBetween(a, b), " AND ")
		holds := condition(t, text)
		for range 20 {
			p := partitionOf(from.Add(time.Duration(random.Int64N(int64(4*unit))) - unit))
			inside := !before(p, a) && !before(b, p)
			require.Equal(t, inside, holds(p), "%v between %v and %v: %s", p, a, b, text)
		}
		require.True(t, holds(a), text)
		require.True(t, holds(b), text)
	}
}

func before(a, b partition) bool { return slices.Compare(a[:], b[:]) < 0 }

var betweenForm = regexp.MustCompile(`(\w+) BETWEEN (\d+) AND (\d+)`)

// condition returns a function that reports whether a condition of SQL holds for a partition. It
// translates the condition to an expression of Go, where the operators have the same precedence.
func condition(t *testing.T, condition string) func(partition) bool {
	if condition == "" {
		return func(partition) bool { return true }
	}
	condition = betweenForm.ReplaceAllString(condition, "($1 >= $2 && $1 <= $3)")
	condition = strings.NewReplacer(" = ", " == ", " AND ", " && ", " OR ", " || ").Replace(condition)
	expression, err := parser.ParseExpr(condition)
	require.NoError(t, err, condition)
	return func(p partition) bool {
		values := map[string]int{}
		for i, column := range partitionColumns {
			values[column.name] = p[i]
		}
		return evaluate(t, expression, values)
	}
}

func evaluate(t *testing.T, e ast.Expr, values map[string]int) bool {
	switch e := e.(type) {
	case *ast.ParenExpr:
		return evaluate(t, e.X, values)
	case *ast.BinaryExpr:
		switch e.Op {
		case token.LAND:
			return evaluate(t, e.X, values) && evaluate(t, e.Y, values)
		case token.LOR:
			return evaluate(t, e.X, values) || evaluate(t, e.Y, values)
		}
		value, known := values[e.X.(*ast.Ident).Name]
		require.True(t, known)
		number, err := strconv.Atoi(e.Y.(*ast.BasicLit).Value)
		require.NoError(t, err)
		return map[token.Token]bool{
			token.EQL: value == number, token.LSS: value < number, token.LEQ: value <= number, token.GTR: value > number, token.GEQ: value >= number,
		}[e.Op]
	}
	require.Fail(t, "the expression is no condition", "%T", e)
	return false
}
