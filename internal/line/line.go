// Package line defines the form of our log lines: the names of their fields, and the content of a
// line about a request, a call or a job. It also reads such lines.
//
// Packages audit/cmd/clew-audit, bench, cmd/clew, examples, httpclient, httpmw, internal/canary,
// internal/logbind, internal/seam, internal/timeline, logctx, trace, tracetest and workerpool
// import it. It is a package of its own so that our keys are in this one place, and so that
// readers of lines need only the standard library. Package zline, below it, writes records with
// zerolog.
//
// A line contains the IDs of its span, which the logger's hook or handler writes. A record is the
// rest of a line that clew itself writes: about a request, a call to another service, or a run of
// a job. The message of the line says which of the three it is.
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

	// Level is the level as the line has it. An abbreviation of Console becomes zerolog's word for
	// the level, such as "info" for INF.
	Level   string
	Message string
	Service string

	// TraceID has 16 or 32 lower-case hexadecimal digits, and SpanID has 16. An ID is empty if the
	// line has none, or a value that is not an ID. A trace ID that was written as [Decimal] has
	// the low 64 bits only. A trace ID from Google's resource name always has 32 digits, because
	// the line does not show whether the ID had 16 digits originally.
	TraceID, SpanID string

	// Sampled says that a backend has spans of the trace. Only records, and lines in Google's
	// form, contain this flag.
	Sampled bool

	// Record is a [*Request], a [*Call] or a [*Run], and nil if the line is not one of ours. Other
	// people's messages may be "request" too, so a record must have all fields that we always
	// write.
	Record Record

	// JSON says that the line is JSON. Then Field.Text is exact for each field.
	JSON bool

	// Fields are all fields in the order of the line. A field of a nested object has its path as
	// the key, such as "httpRequest.status". [Names.Key] returns keys in the same form. In a line
	// of Console, the time, level, service, trace ID, caller and message have the keys that they
	// have in JSON, and come last.
	Fields []Field

	records *records // the memory of Record
}

// records is memory for one record of each kind.
type records struct {
	request Request
	call    Call
	run     Run
}

// Field is a field that was read.
type Field struct {
	Key   string
	Value string // the text, if the value is a text; else the JSON as written

	// Text says that Value is a text. A line that is not JSON does not show what is a text. In
	// such a line, a value that looks like a number, true or false is not taken for a text.
	Text bool
}

// Parse reads one line: JSON as zerolog and slog's JSONHandler write it, the key=value pairs of
// slog's TextHandler, or the text of logctx.Console. Parse knows the field names of all our
// vendors, and recognizes the vendor by the names in the line. If a line mixes names of several
// vendors, Parse assumes the vendor with the most names. In a tie it assumes our own names. Parse
// does not know names that a user has chosen for the IDs. Such a Line has the fields, but no IDs.
//
// If two fields have the same key, the last one is used, as in encoding/json. A field of the line
// itself is preferred to a field of an object in the line. So a user's group "trace" cannot
// replace ECS's trace.id. Invalid UTF-8 is read as U+FFFD. A line may end with a newline. The Line
// keeps no reference to text.
//
// Console's text cannot always be read exactly. Words with an equals sign at the end of a message
// are read as fields. If the key of a field has spaces, that field and all before it are read as
// part of the message. Without a span ID, the service is read as part of the message. A text that
// looks like a JSON array or object is read as one.
//
// The time that Parse takes is proportional to the length of the line, whatever the content. Parse
// reads the fields of nested objects, down to a few levels. A deeper object becomes one field,
// whose value is JSON. An error says where the line is wrong, and does not quote the line.
func Parse(text []byte) (Line, error) {
	var l Line
	err := l.Read(string(text))
	return l, err
}

// Read is [Parse] for many lines. The fields share the memory of text, and the next Read
// overwrites Fields and Record: copy what you keep. After an error, Fields contains the fields
// before the fault, and all other fields of the Line are zero.
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
