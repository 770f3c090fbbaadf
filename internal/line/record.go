package line

// The messages of our own lines.
const (
	MessageRequest = "request"
	MessageCall    = "call"
	MessageJob     = "job"
)

// Record is the content of one of our own lines besides its IDs: a [*Request], a [*Call] or a
// [*Run].
type Record interface {
	Message() string

	// WriteTo writes the fields to a sink, with their names in n.
	WriteTo(n *Names, to Sink)
}

// Sink receives the fields of a record, in their order. The keys are from Names, and need no
// quoting.
type Sink interface {
	Str(key, value string)
	Int(key string, value int64)
	Milliseconds(key string, thousandths int64)
	True(key string)
	Span(key string, id [8]byte)

	// Open begins a group. A record has at most one group, with at least one field in it.
	Open(group string)
	Close()
}
