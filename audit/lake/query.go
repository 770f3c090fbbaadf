package lake

import (
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"example.com/clew/audit/internal/table/read"
)

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

// TooMuchError is the error of a search that would read more than [Query.MaxBytes], or that has
// done so because the estimate was too low.
type TooMuchError struct {
	Estimate int64  // bytes
	Limit    int64  // bytes
	Narrow   string // what would make it less, as a sentence for people
}

func (e *TooMuchError) Error() string {
	return fmt.Sprintf("lake: the search would read about %s of Parquet files, and the limit is %s: %s",
		megabytes(e.Estimate), megabytes(e.Limit), e.Narrow)
}

func megabytes(n int64) string {
	if n < 1e6 {
		return fmt.Sprintf("%d bytes", n)
	}
	return fmt.Sprintf("%.4g MB", float64(n)/1e6)
}

// Plan says what a search looks at, before it begins. Most of the files are ruled out by their
// ends alone, where the query names a trace or a value.
type Plan struct {
	Partitions int   // that have files
	Files      int   // in them
	Bytes      int64 // of these
}

func planOf(partitions []*partition) (p Plan) {
	for _, of := range partitions {
		if len(of.files) > 0 {
			p.Partitions++
		}
		p.Files += len(of.files)
		for _, f := range of.files {
			p.Bytes += f.size
		}
	}
	return p
}

// Report says what was searched.
type Report struct {
	Since, Until time.Time // the range, with Since and without Until; zero: no end

	Partitions int   // that were read
	Files      int   // that were opened, Parquet
	Reads      int64 // of Parquet files
	Bytes      int64 // that these read
	Estimate   int64 // of Bytes, before the first was read; 0: there was no need of one

	Segments     int   // of journals, read from one end to the other
	JournalBytes int64 // that these had

	// Skipped is the files that could not be read: their events are missing in the answer, unless
	// there was a copy of them. A name begins with that of the store where the store has a String
	// method, as Dir has. Names and reasons come from the store and may hold any bytes.
	Skipped []Skipped
}

// Skipped is a file that was left out of an answer.
type Skipped struct {
	Name string
	Err  error // such as of a damaged file, or of one that a newer version of clew wrote
}

// timeRange is a range of time in microseconds: from since on, before until.
type timeRange struct{ since, until int64 }

const partitionMicros = int64(PartitionSpan / time.Microsecond)

// question is a Query that is checked and resolved.
type question struct {
	filter   read.Filter // without the range
	matches  func(*Event) bool
	span     timeRange
	grows    bool // the range goes on while the last partition has hits
	limit    int
	maxBytes int64
	rows     bool // hits are read, not only counted
	plan     func(Plan)
}

func (q *Query) resolve() (*question, error) {
	a := &question{limit: q.Limit, maxBytes: q.MaxBytes, rows: true, plan: q.Plan}
	if a.maxBytes == 0 {
		a.maxBytes = defaultMaxBytes
	}
	if a.maxBytes < 0 {
		a.maxBytes = math.MaxInt64
	}
	if q.Limit < 0 {
		return nil, fmt.Errorf("lake: a limit of %d events", q.Limit)
	}
	ids, err := spellings(q.TraceID)
	if err != nil {
		return nil, err
	}
	a.filter = read.Filter{TraceIDs: ids, Values: slices.Clone(q.Values), App: q.App, Message: q.Message, TraceName: q.TraceName}
	for _, key := range slices.Sorted(maps.Keys(q.Context)) {
		a.filter.Pairs = append(a.filter.Pairs, [2]string{key, q.Context[key]})
	}
	a.span, a.grows = q.timeRange(ids)
	if a.span.until <= a.span.since {
		return nil, errors.New("lake: the range ends before it begins")
	}
	a.matches = func(e *Event) bool { return matches(&a.filter, e) }
	return a, nil
}

// spellings returns the ways in which a trace ID may be written.
func spellings(id string) ([]string, error) {
	if id == "" {
		return nil, nil
	}
	if _, err := hex.DecodeString(id); err != nil || len(id) != 16 && len(id) != 32 {
		return nil, fmt.Errorf("lake: %.40q is no trace ID of 16 or 32 hexadecimal digits", id)
	}
	id = strings.ToLower(id)
	const zeros = "0000000000000000"
	if len(id) == 16 {
		return []string{id, zeros + id}, nil
	}
	if short, ok := strings.CutPrefix(id, zeros); ok {
		return []string{short, id}, nil
	}
	return []string{id}, nil
}

// timeRange is the range of the Query, and whether it grows.
func (q *Query) timeRange(ids []string) (span timeRange, grows bool) {
	now := q.Now
	if now.IsZero() {
		now = time.Now()
	}
	span.until = math.MaxInt64
	if !q.Until.IsZero() {
		span.until = q.Until.UnixMicro()
	}
	if !q.Since.IsZero() {
		span.since = q.Since.UnixMicro()
		return span, false
	}
	begin, ok := traceBegin(ids, now, orDefault(q.TTL, defaultTTL))
	if !ok {
		span.since = now.Add(-defaultRange).UnixMicro()
		return span, false
	}
	span.since = floorPartition(begin.Add(-PartitionSpan).UnixMicro())
	end := floorPartition(begin.Add(orDefault(q.Within, defaultWithin)).UnixMicro()) + partitionMicros
	if end < span.until {
		span.until = end
		return span, q.Until.IsZero()
	}
	return span, false
}

func orDefault(d, zero time.Duration) time.Duration {
	if d == 0 {
		return zero
	}
	return d
}

// traceBegin is when the trace began, where its ID says so.
func traceBegin(ids []string, now time.Time, ttl time.Duration) (begin time.Time, ok bool) {
	if len(ids) == 0 {
		return begin, false
	}
	seconds, err := strconv.ParseUint(ids[0][:8], 16, 32)
	begin = time.Unix(int64(seconds), 0)
	return begin, err == nil && begin.After(now.Add(-ttl)) && begin.Before(now.Add(PartitionSpan))
}

// firstPartition and lastPartition are where the partitions begin that hold all before the year 1
// and all after the year 9999: see Partition.
var (
	firstPartition = time.Time{}.UnixMicro()
	lastPartition  = time.Date(9999, 12, 31, 23, 55, 0, 0, time.UTC).UnixMicro()
)

// floorPartition returns the time at which the partition of a time begins. Journals ask for each
// event: the time's text, as Partition makes it, would cost more than all else.
func floorPartition(us int64) int64 {
	us = min(max(us, firstPartition), lastPartition) - firstPartition
	return us - us%partitionMicros + firstPartition
}

// matches is whether q holds for e, apart from the range. Each hit is checked with it.
func matches(q *read.Filter, e *Event) bool {
	if len(q.TraceIDs) > 0 && !slices.Contains(q.TraceIDs, e.TraceID) ||
		q.App != "" && q.App != e.App || q.Message != "" && q.Message != e.Message ||
		q.TraceName != "" && !slices.Contains(e.TraceNames, q.TraceName) {
		return false
	}
	for _, pair := range q.Pairs {
		if value, ok := e.Context[pair[0]]; !ok || value != pair[1] {
			return false
		}
	}
	for _, value := range q.Values {
		if !hasValue(e.Context, value) {
			return false
		}
	}
	return true
}

func hasValue(context map[string]string, value string) bool {
	for _, has := range context {
		if has == value {
			return true
		}
	}
	return false
}
