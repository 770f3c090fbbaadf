package lake

import "time"

// Query says which events [Find] and [Count] look for: those that match all of its fields. The
// zero value finds every event of the last 24 hours. A Query is not changed, and may be used
// again.
type Query struct {
	// TraceID is 16 or 32 hexadecimal digits. 16 digits and the same padded to 32 with zeros are
	// the same trace.
	TraceID string

	// Values are values of the event's context, each under any key.
	Values []string

	// Context has keys of the event's context, and their values.
	Context map[string]string

	App     string
	Message string

	// TraceName is the name of a filter that the event has passed.
	TraceName string

	// Since and Until are the range: from Since on, and before Until. A range without Until has no
	// end.
	//
	// Without Since, the range depends on TraceID. If its first 32 bits are seconds since 1970 and
	// lie within the TTL, they are the time at which the trace began. The range then begins with
	// the partition of the time five minutes earlier. It ends with the partition of the time
	// Within later, and goes on for as long as the last partition held an event of the trace.
	// Without such an ID, the range begins 24 hours ago.
	Since, Until time.Time

	// Within is the least time that the range covers after the beginning of the trace. Zero is an
	// hour.
	Within time.Duration

	// TTL is the age of the oldest events. Zero is two weeks.
	TTL time.Duration

	// Limit bounds the events of the answer, which are the newest. Zero is no limit. The answer's
	// events of one partition are in memory together.
	Limit int

	// MaxBytes bounds the bytes that may be read of Parquet files. Zero is 1 GB, and less than
	// zero no limit. The bytes are estimated before the first is read: see [TooMuchError].
	MaxBytes int64

	// Plan is called once before the first file is read. Nil: no call.
	Plan func(Plan)

	// Now is the time that "24 hours ago" and the TTL refer to. Zero is the clock's time.
	Now time.Time
}

// Defaults of a Query.
const (
	defaultRange    = 24 * time.Hour
	defaultWithin   = time.Hour
	defaultTTL      = 14 * 24 * time.Hour
	defaultMaxBytes = 1e9
)
