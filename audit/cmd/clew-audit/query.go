package main

import (
	"regexp"
	"strings"

	"example.com/clew/audit/lake"
	"example.com/clew/internal/timeline"
)

// bareIDForm is 16 or 32 digits, in either case.
var bareIDForm = regexp.MustCompile(`^(?:[0-9A-Fa-f]{16}){1,2}$`)

func bareID(text string) bool { return bareIDForm.MatchString(text) }

// traceID returns the trace ID that a text is or has in it, as it stands in the table. Digits are
// kept as they were given: 16 and the same padded to 32 find each other.
func traceID(what, text string) (string, error) {
	if bareID(text) {
		return strings.ToLower(text), nil
	}
	id, err := timeline.ParseID(text)
	if err != nil {
		return "", usagef("%s wants a trace ID of 16 or 32 digits, or what has one in it, not %q", what, clip(text))
	}
	return id.String(), nil
}

// lake is what is asked for as the library has it.
func (q *query) lake() lake.Query {
	l := lake.Query{
		TraceID: q.trace, Values: q.values, App: q.app, Message: q.message, TraceName: q.name,
		Since: q.since, Until: q.until, Within: q.within, Limit: q.limit, MaxBytes: q.maxBytes,
	}
	for _, pair := range q.context {
		if l.Context == nil {
			l.Context = map[string]string{}
		}
		l.Context[pair[0]] = pair[1]
	}
	return l
}

// query is what is asked for, as plain values. An empty one asks for everything.
type query struct {
	asked
	span
	trace, app, message string
	limit               int // 0: none
}
