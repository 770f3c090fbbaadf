// Package line is the form of our log lines: what their fields are called, what a line about a
// request, a call or a job says, and how it is read again.
//
// Packages audit/cmd/clew-audit, bench, cmd/clew, examples, httpclient, httpmw, internal/canary,
// internal/logbind, internal/seam, internal/timeline, logctx, trace, tracetest and workerpool
// import it. It is a package of its own so that no key of ours stands anywhere else, and so that
// those who only read lines need the standard library only. Package zline, below it, writes
// records with zerolog.
//
// A line has the IDs of its span, which the logger's hook or handler writes. A record is what one
// of our own lines says besides: of a request, of a call to somebody else, of a run of a job. The
// message tells which of the three it is.
package line

import "log/slog"

// The messages of our own lines.
const (
	MessageRequest = "request"
	MessageCall    = "call"
	MessageJob     = "job"
)

// Key is a field. Names say what it is called.
type Key uint8

// All fields of ours. Those of the records are written only where they say something.
const (
	TraceID Key = iota
	SpanID
	Service
	Sampled          // true: a backend has spans of this trace
	ParentID         // the span that the line's span is a child of
	CallerParentID   // that span's own parent, as a caller has said
	UntrustedTraceID // the trace ID of a caller that is not believed
	Method
	Host
	Path
	Route
	Status
	Bytes
	Duration
	Body // the time until the body of an answer has ended
	Attempt
	Remote
	Error
	Job
	ScheduledBy // the trace ID of whoever has scheduled a job
	Panicked
	Hijacked
	ClientGone
	keys // how many there are
)

// Record is what one of our own lines says besides its IDs: a [*Request], a [*Call] or a [*Run].
type Record interface {
	Message() string

	// WriteTo gives the fields to a sink, under the names that n has for them.
	WriteTo(n *Names, to Sink)
}

// Sink takes the fields of a record, in their order. Names have keys that need no quoting.
type Sink interface {
	Str(key, value string)
	Int(key string, value int64)
	Milliseconds(key string, thousandths int64)
	True(key string)
	Span(key string, id [8]byte)

	// Open begins a group, of which there is at most one, and which holds at least one field.
	Open(group string)
	Close()
}

// Other is the suffix of the key of somebody else's field that would have a key of ours. Not a
// dot: Elasticsearch takes what stands after a dot for a part of an object, and refuses a line in
// which trace.id is both a text and an object.
const Other = "_attr"

// Service returns the field that says who logs. Its value is a group where the vendor wants that.
func (n *Names) Service(name string) slog.Attr { return service(n.serviceGroup, n.key[Service], name) }

// Service is as that of [Names], without any being made.
func (v Vendor) Service(name string) slog.Attr {
	return service(v.theirs().serviceGroup, v.Key(Service), name)
}

func service(group, key, name string) slog.Attr {
	if group != "" {
		return slog.Attr{Key: group, Value: slog.GroupValue(slog.String(key, name))}
	}
	return slog.String(key, name)
}
