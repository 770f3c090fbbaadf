package line

import (
	"strconv"
	"strings"
	"time"
)

// Line is a line that was read. The zero value is ready for [Line.Read].
type Line struct {
	// Time is in UTC; zero: the line has none. Console writes the time of the day only, in
	// whatever zone its program has. Its date is then January 1 of the year 0, as package time
	// has it.
	Time time.Time

	Level   string // as it was written; of Console's short ones, zerolog's word: "info" for INF
	Message string
	Service string

	// TraceID and SpanID are lower-case hexadecimal digits, 16 or 32 and 16; "": the line has
	// none, or something else in their place. Of a trace ID written as [Decimal] they are the low
	// 64 bits. Of Google's resource name they are its last part, always 32 digits: whether the
	// trace ID had 16 cannot be seen any more.
	TraceID, SpanID string

	// Sampled says that a backend has spans of the trace. Only the lines of records tell, and all
	// of Google's.
	Sampled bool

	// Record is a [*Request], a [*Call] or a [*Run]; nil: the line is somebody else's. Somebody
	// else's message may be "request" too, so a record needs all fields that are always written.
	Record Record

	// JSON says that the line is JSON, so that each field tells whether it is a text.
	JSON bool

	// Fields are all fields in their order, those of nested objects under their path: as
	// "httpRequest.status", which is how [Names.Key] calls them. Time, level, service, trace ID,
	// caller and message of a line of Console have the keys that they have in JSON, and come last.
	Fields []Field

	records *records // where Record points to
}

type records struct {
	request Request
	call    Call
	run     Run
}

// Field is a field that was read.
type Field struct {
	Key   string
	Value string // the text if it is one; else JSON, as it was written

	// Text says that Value is a text. Lines that are not JSON do not tell: there, what looks like
	// a number, or like true or false, is none.
	Text bool
}

// Parse reads one line: JSON, as zerolog and slog's JSONHandler write it, the key=value pairs of
// slog's TextHandler, or the text of logctx.Console. The names of all our vendors are known, and
// which of them a line has is seen from the line; if it has names of several, the vendor that has
// most of them rules, and ours among equals. A name of the user's own for the IDs is not known:
// then the line has none, but has the field.
//
// Of two fields with one key the last counts, as with encoding/json, and one of the line itself
// before one of an object on it: a user's group "trace" has no say in ECS's trace.id. Invalid
// UTF-8 is read as U+FFFD. A line may end with a newline. The Line keeps no reference to text.
//
// Text of Console is read as well as it can be. Where a message has words with an equals sign at
// its end, they are taken for fields, and where a field's key has spaces, it and all fields before
// it are taken for the message. Without the span ID, the service is taken for a part of the
// message. A text that looks like a JSON array or object is taken for one.
//
// Any input is read in time that grows with its length, and no deeper than some levels: an object
// further down is one field, whose value is its JSON. Errors say where a line is wrong, and quote
// nothing of it.
func Parse(text []byte) (Line, error) {
	var l Line
	err := l.Read(string(text))
	return l, err
}

// Read is [Parse] for those who read many lines. The fields share the memory of text, and what l
// has in Fields and Record is written over: copy what is to be kept. After an error l has what was
// read until there in Fields, and nothing else.
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

// Field returns the field with this key; of several, the last.
func (l *Line) Field(key string) (f Field, ok bool) {
	for i := len(l.Fields) - 1; i >= 0; i-- {
		if l.Fields[i].Key == key {
			return l.Fields[i], true
		}
	}
	return Field{}, false
}

// fault is why a line cannot be read.
type fault struct {
	at  int    // the byte, from 0
	why string // a text of ours
}

func (f fault) Error() string {
	return "line: " + f.why + " at byte " + strconv.Itoa(f.at)
}

// reader reads a line. It has no pointer to the Line, which could then not stay on the stack.
type reader struct {
	text   string
	pos    int
	fields []Field
	names  *known
	loose  bool // the line is not JSON: a text cannot always be told from something else

	at    [maxNames]int32 // where in fields a known name is, from 1; 0: nowhere
	inner [maxNames]bool  // it is in an object
	score uint64          // how many names of each vendor there are: a byte for each

	inside bool // pos is in an object of the line's
}

// read reads the fields.
func (r *reader) read() error {
	r.space()
	switch {
	case r.pos == len(r.text):
		return fault{0, "an empty line"}
	case r.text[r.pos] == '{':
		return r.top()
	}
	r.loose = true
	return r.plain()
}

// add appends a field.
func (r *reader) add(key, value string, text bool) {
	r.fields = append(r.fields, Field{key, value, text})
	if slot := r.names.find(key); slot >= 0 {
		switch {
		case r.at[slot] == 0:
			r.score += r.names.scores[slot]
		case r.inside && !r.inner[slot]: // a user's group, behind our own "trace.id"
			return
		}
		r.at[slot], r.inner[slot] = int32(len(r.fields)), r.inside
	}
}

// get returns the field with a known name; nil if it is not there, or null.
func (r *reader) get(slot uint8) *Field {
	if i := r.at[slot]; i > 0 {
		if f := &r.fields[i-1]; f.Text || f.Value != "null" {
			return f
		}
	}
	return nil
}

// str returns the text that a known name has.
func (r *reader) str(slot uint8) (string, bool) {
	if f := r.get(slot); f != nil && (f.Text || r.loose) {
		return f.Value, true
	}
	return "", false
}

// integer returns the whole number that a known name has. Google's own exports have it in a text.
func (r *reader) integer(slot uint8) (int64, bool) {
	f := r.get(slot)
	if f == nil {
		return 0, false
	}
	return integer(f.Value)
}

func (r *reader) isTrue(slot uint8) bool {
	f := r.get(slot)
	return f != nil && (!f.Text || r.loose) && f.Value == "true"
}
