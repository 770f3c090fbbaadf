package line

// Key is a field. Names say how a field is called.
type Key uint8

// All fields of ours. A field of a record is written only where it says something.
const (
	TraceID Key = iota
	SpanID
	Service
	Sampled          // true: a backend has spans of this trace
	ParentID         // the parent of the line's span
	CallerParentID   // the parent of that parent, as the caller sent it
	UntrustedTraceID // the trace ID of a caller that we do not trust
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
	ScheduledBy // the trace ID of the code that scheduled a job
	Panicked
	Hijacked
	ClientGone
	keys // the number of keys
)

// Other is the suffix for a user's field that has a key of ours. The suffix has no dot, because
// Elasticsearch reads a dot as a step into an object: it refuses a line in which trace.id is both
// a text and an object.
const Other = "_attr"
