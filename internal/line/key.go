package line

// Key identifies a field. The name of the field is in [Names].
type Key uint8

// These are all fields that clew writes. A record contains an optional field only if the field has
// a value.
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
