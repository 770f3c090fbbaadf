package main

import (
	"fmt"
	"strings"
	"time"

	"example.com/clew/audit/lake"
)

// dialect describes the parts of an engine's SQL that are not the same in all engines.
type dialect struct {
	end       string                         // the end of a statement
	depth     int                            // the most parts that a table's name may have
	precision time.Duration                  // the precision of the column timestamp
	stamp     [2]string                      // the texts before and after a time in a literal
	has       string                         // a format for the condition that a list contains a value
	values    string                         // the expression for the values of the context
	pair      func(key, value string) string // the condition that the context has this value under this key, both quoted
	quote     func(text string) string       // the literal of a text
}

// dialects has the dialect of each engine. If a row has no key k, context['k'] is an error in
// Trino and Athena, so they need element_at. In ClickHouse, context['k'] is then the empty string:
// see clickHousePair.
var dialects = map[string]*dialect{
	"trino": {
		end: ";", depth: 3, precision: time.Microsecond, stamp: [2]string{"TIMESTAMP '", "'"},
		has: "contains(%s, %s)", values: "map_values(context)", pair: elementAt, quote: unicodeLiteral,
	},
	"athena": { // accepts one statement, and no semicolon
		depth: 2, precision: time.Millisecond, stamp: [2]string{"TIMESTAMP '", "'"},
		has: "contains(%s, %s)", values: "map_values(context)", pair: elementAt, quote: unicodeLiteral,
	},
	"clickhouse": {
		end: ";", depth: 2, precision: time.Microsecond, stamp: [2]string{"toDateTime64('", "', 6, 'UTC')"},
		has: "has(%s, %s)", values: "mapValues(context)", pair: clickHousePair, quote: byteLiteral,
	},
	"duckdb": {
		end: ";", depth: 3, precision: time.Microsecond, stamp: [2]string{"TIMESTAMPTZ '", "+00'"},
		has: "list_contains(%s, %s)", values: "map_values(context)", pair: duckDBPair, quote: chrLiteral,
	},
}

func elementAt(key, value string) string { return "element_at(context, " + key + ") = " + value }

func duckDBPair(key, value string) string { return "context[" + key + "] = " + value }

// clickHousePair returns the condition that the context has value under key. For an empty value,
// it also checks that the key exists, because a missing key reads as an empty value. For other
// values this check would only cost time.
func clickHousePair(key, value string) string {
	pair := "context[" + key + "] = " + value
	if value == "''" {
		pair = "mapContains(context, " + key + ") AND " + pair
	}
	return pair
}

// conditions returns the conditions of a query, without the conditions of its range.
func (d *dialect) conditions(q *query) (conditions []string) {
	add := func(condition string) { conditions = append(conditions, condition) }
	if ids := spellings(q.trace); len(ids) > 1 {
		add("trace_id IN (" + d.quote(ids[0]) + ", " + d.quote(ids[1]) + ")")
	} else if q.trace != "" {
		add("trace_id = " + d.quote(q.trace))
	}
	if q.app != "" {
		add("app = " + d.quote(q.app))
	}
	if q.message != "" {
		add("message = " + d.quote(q.message))
	}
	for _, pair := range q.context {
		add(d.pair(d.quote(pair[0]), d.quote(pair[1])))
	}
	for _, value := range q.values {
		add(fmt.Sprintf(d.has, d.values, d.quote(value)))
	}
	if q.name != "" {
		add(fmt.Sprintf(d.has, "trace_names", d.quote(q.name)))
	}
	return conditions
}

// spellings returns the texts that a trace ID may have in the table: 16 digits, and the same 16
// digits after 16 zeros.
func spellings(id string) []string {
	const zeros = "0000000000000000"
	short, padded := strings.CutPrefix(id, zeros)
	switch {
	case len(id) == len(zeros):
		return []string{id, zeros + id}
	case padded:
		return []string{short, id}
	}
	return []string{id}
}

// during returns the conditions of a range. With the conditions on partitions, the engine lists
// and reads only the partitions of the range. The conditions on timestamps are for a range that
// begins or ends within a partition.
func (d *dialect) during(since, until time.Time) []string {
	conditions := partitionsBetween(partitionOf(since), partitionOf(until.Add(-1)))
	if !since.Truncate(lake.PartitionSpan).Equal(since) {
		conditions = append(conditions, "timestamp >= "+d.at(since))
	}
	if !until.Truncate(lake.PartitionSpan).Equal(until) {
		conditions = append(conditions, "timestamp < "+d.at(until.Add(d.precision-1)))
	}
	return conditions
}

// at returns a time as a literal, with the precision of the column.
func (d *dialect) at(t time.Time) string {
	return d.stamp[0] + t.Truncate(d.precision).Format("2006-01-02 15:04:05.000000") + d.stamp[1]
}

// The functions below escape characters that a terminal may obey, because people print queries.

// unicodeLiteral returns a literal of Trino.
func unicodeLiteral(text string) string {
	if printable(text) == text {
		return quoted(text)
	}
	escaped := strings.ReplaceAll(text, `\`, `\\`)
	return "U&" + quoted(eachHidden(escaped, func(r rune) string { return fmt.Sprintf(`\+%06X`, r) }))
}

// byteLiteral returns a literal of ClickHouse, where a backslash begins an escape.
func byteLiteral(text string) string {
	escaped := strings.ReplaceAll(text, `\`, `\\`)
	return quoted(eachHidden(escaped, func(r rune) (hex string) {
		for _, b := range []byte(string(r)) {
			hex += fmt.Sprintf(`\x%02X`, b)
		}
		return hex
	}))
}

// chrLiteral returns an expression for a text in DuckDB: a literal, or several that are
// concatenated.
func chrLiteral(text string) string {
	hidden := false
	literal := eachHidden(quoted(text), func(r rune) string {
		hidden = true
		return fmt.Sprintf("' || chr(%d) || '", r)
	})
	if hidden {
		return "(" + literal + ")"
	}
	return literal
}

func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", "''") + "'" }

// eachHidden replaces each character that a terminal may obey by the result of escape.
func eachHidden(text string, escape func(r rune) string) string {
	var b strings.Builder
	for _, r := range text {
		if one := string(r); printable(one) == one {
			b.WriteString(one)
		} else {
			b.WriteString(escape(r))
		}
	}
	return b.String()
}
