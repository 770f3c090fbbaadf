package main

import (
	"regexp"
	"strings"

	"example.com/clew/audit/lake"
	"example.com/clew/internal/timeline"
)

// bareIDForm matches 16 or 32 digits, in either case.
var bareIDForm = regexp.MustCompile(`^(?:[0-9A-Fa-f]{16}){1,2}$`)

func bareID(text string) bool { return bareIDForm.MatchString(text) }

// traceID returns the trace ID that a text is or contains, as the table spells it. An ID of 16
// digits is not padded, because a search for it also finds the ID padded to 32.
func traceID(what, text string) (string, error) {
	if bareID(text) {
		return strings.ToLower(text), nil
	}
	id, err := timeline.ParseID(text)
	if err != nil {
		return "", usagef("%s wants a trace ID of 16 or 32 digits, or a text that has one in it, not %q", what, clip(text))
	}
	return id.String(), nil
}

// lake returns the query for the library.
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

// query holds the values of a command's flags and arguments. An empty query asks for everything.
type query struct {
	asked
	span
	trace, app, message string
	limit               int // 0: no limit
}
