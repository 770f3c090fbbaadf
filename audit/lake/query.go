package lake

import "time"

// Query says which events [Find] and [Count] look for: events that match all fields. The zero
// value finds every event of the last 24 hours. A Query is not changed, and may be used again.
type Query struct {
	// TraceID is 16 or 32 hexadecimal digits. An ID of 16 digits, and this ID with 16 zeros before
	// it, are the same trace.
	TraceID string

	// Values are values of the event's context, each under any key.
	Values []string

	// Context contains keys of the event's context, and the value of each key.
	Context map[string]string

	App     string
	Message string

	// TraceName is the name of a filter that the event has passed.
	TraceName string

	// Since and Until are the range: from Since on, and before Until. A range without Until has no
	// end.
	//
	// Without Since, the range depends on TraceID. The first 32 bits of an ID may be the time at
	// which the trace began, in seconds since 1970. Find uses this time if it lies within the TTL.
	// The range then begins with the partition that contains the time five minutes before it. It
	// ends with the partition that contains this time plus Within. As long as the last partition
	// contains an event of the trace, the next partition is searched too. Without such an ID, the
	// range begins 24 hours ago.
	Since, Until time.Time

	// Within is the shortest time that the range covers after the beginning of the trace. Zero
	// means an hour.
	Within time.Duration

	// TTL is the age that the oldest events may have. Zero means two weeks.
	TTL time.Duration

	// Limit is the largest number of events in the answer, which then has the newest events. Zero
	// means no limit. All events of the answer from one partition are in memory at the same time.
	Limit int

	// MaxBytes is the largest number of bytes that the search may read from Parquet files. Zero
	// means 1 GB, and a negative number means no limit. The search estimates the bytes before it
	// reads any: see [TooMuchError].
	MaxBytes int64

	// Plan is called once before the first file is read. Nil: no call.
	Plan func(Plan)

	// Now is the time that "24 hours ago" and the TTL refer to. Zero means the current time.
	Now time.Time
}

// Defaults of a Query.
const (
	defaultRange    = 24 * time.Hour
	defaultWithin   = time.Hour
	defaultTTL      = 14 * 24 * time.Hour
	defaultMaxBytes = 1e9
)
