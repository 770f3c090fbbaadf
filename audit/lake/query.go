package lake

import "time"

// Query is what [Find] and [Count] look for: the events for which all of it holds. The zero value
// is every event of the last 24 hours. A Query is not changed, and may be used again.
type Query struct {
	// TraceID is 16 or 32 hexadecimal digits. One of 16 digits and the same padded to 32 with
	// zeros are the same trace.
	TraceID string

	// Values are values that an event has in its context, each under any key.
	Values []string

	// Context is keys and the values that an event has under them.
	Context map[string]string

	App     string
	Message string

	// TraceName is a filter that the event has passed.
	TraceName string

	// Since and Until are the range, with Since and without Until. Without Until it has no end.
	//
	// Without Since it depends on TraceID: an ID whose first 32 bits are seconds since 1970 that
	// lie within the TTL says when its trace began. The range is then from the partition of five
	// minutes before that time to the one that Within after it lies in, and goes on for as long as
	// the last partition held an event of the trace. Every other query begins 24 hours ago.
	Since, Until time.Time

	// Within is how long after its beginning a trace may have begun to log. Zero is an hour.
	Within time.Duration

	// TTL is the age of the oldest events. Zero is two weeks.
	TTL time.Duration

	// Limit is the most events that there are in the answer, the newest ones. Zero is all: the
	// answer's events of one partition are in memory together.
	Limit int

	// MaxBytes is the most that may be read of Parquet files. Zero is 1 GB, and less than zero no
	// limit. What will be read is estimated first: see [TooMuchError].
	MaxBytes int64

	// Plan is called once before the first file is read, where it is not nil.
	Plan func(Plan)

	// Now is the time from which 24 hours and the TTL count. Zero is the clock's.
	Now time.Time
}

// Defaults of a Query.
const (
	defaultRange    = 24 * time.Hour
	defaultWithin   = time.Hour
	defaultTTL      = 14 * 24 * time.Hour
	defaultMaxBytes = 1e9
)
