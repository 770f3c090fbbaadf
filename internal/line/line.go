// Package line is the form of our log lines: the names of their fields, the content of a line
// about a request, a call or a job, and the way to read such a line again.
//
// Packages audit/cmd/clew-audit, bench, cmd/clew, examples, httpclient, httpmw, internal/canary,
// internal/logbind, internal/seam, internal/timeline, logctx, trace, tracetest and workerpool
// import it. It is a package of its own so that no key of ours stands anywhere else, and so that
// readers of lines need the standard library only. Package zline, below it, writes records with
// zerolog.
//
// A line has the IDs of its span, which the logger's hook or handler writes. A record is the rest
// of one of our own lines: it tells about a request, a call to another service, or a run of a job.
// The message says which of the three it is.
package line

import (
	"strings"
	"time"
)

// Line is a line that was read. The zero value is ready for [Line.Read].
type Line struct {
	// Time is in UTC, and zero if the line has none. Console writes only the time of the day, in
	// the zone of its program. Such a time has January 1 of the year 0 as its date, as in package
	// time.
	Time time.Time

	Level   string // as written; for Console's abbreviations, zerolog's word: "info" for INF
	Message string
	Service string

	// TraceID has 16 or 32 lower-case hexadecimal digits, and SpanID has 16. An ID is empty if the
	// line has none, or something else in its place. A trace ID that was written as [Decimal] has
	// the low 64 bits only. A trace ID from Google's resource name always has 32 digits: the line
	// does not tell whether it had 16 before.
	TraceID, SpanID string

	// Sampled says that a backend has spans of the trace. Only records and lines in Google's form
	// tell.
	Sampled bool

	// Record is a [*Request], a [*Call] or a [*Run], and nil if the line is not one of ours. Other
	// people's messages may be "request" too, so a record must have all fields that we always
	// write.
	Record Record

	// JSON says that the line is JSON, so that each field tells whether it is a text.
	JSON bool

	// Fields are all fields in the order of the line. A field of a nested object has the path as
	// its key, such as "httpRequest.status": [Names.Key] returns the same. In a line of Console
	// the time, level, service, trace ID, caller and message have the keys that they have in JSON,
	// and come last.
	Fields []Field

	records *records // the memory of Record
}

// records has room for one record of each kind.
type records struct {
	request Request
	call    Call
	run     Run
}

// Field is a field that was read.
type Field struct {
	Key   string
	Value string // the text, if the value is one; else the JSON as written

	// Text says that Value is a text. A line that is not JSON does not tell. There, a value that
	// looks like a number, true or false counts as no text.
	Text bool
}

// Parse reads one line: JSON as zerolog and slog's JSONHandler write it, the key=value pairs of
// slog's TextHandler, or the text of logctx.Console. Parse knows the names of all our vendors, and
// sees from the line which vendor it has. If a line mixes names, the vendor with the most names
// rules, and our own names win a tie. Parse does not know a name that a user chose for the IDs:
// the Line has the field then, but no ID.
//
// Of two fields with one key the last counts, as with encoding/json. A field of the line itself
// counts before a field of an object on it: a user's group "trace" cannot replace ECS's trace.id.
// Invalid UTF-8 is read as U+FFFD. A line may end with a newline. The Line keeps no reference to
// text.
//
// Console's text cannot always be read exactly. Words with an equals sign at the end of a message
// are read as fields. If the key of a field has spaces, that field and all before it are read as
// part of the message. Without a span ID, the service is read as part of the message. A text that
// looks like a JSON array or object is read as one.
//
// The time that Parse takes grows with the length of the line, whatever is in it. Parse goes down
// a few levels of objects. A deeper object is one field, and its value is JSON. An error says
// where the line is wrong, and quotes nothing of it.
func Parse(text []byte) (Line, error) {
	var l Line
	err := l.Read(string(text))
	return l, err
}

// Read is [Parse] for many lines. The fields share the memory of text, and the next Read
// overwrites Fields and Record: copy what you keep. After an error, Fields has the fields before
// the fault, and all else is zero.
func (l *Line) Read(text string) error {
	r := reader{text: strings.TrimRight(text, " \t\r\n"), names: names(), fields: l.Fields[:0]}
	if r.fields == nil {
		r.fields = make([]Field, 0, 24)
	}
	err := r.read()
	*l = Line{Fields: r.fields, records: l.records}
	if err == nil {
		l.JSON = !r.loose
		r.resolve(l)
	}
	return err
}

// Field returns the last field with this key.
func (l *Line) Field(key string) (f Field, ok bool) {
	for i := len(l.Fields) - 1; i >= 0; i-- {
		if l.Fields[i].Key == key {
			return l.Fields[i], true
		}
	}
	return Field{}, false
}
