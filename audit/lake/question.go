package lake

import (
	"cmp"
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

// question is a Query that was checked and has its defaults.
type question struct {
	filter   read.Filter // without the range
	matches  func(*Event) bool
	span     timeRange
	grows    bool // the range is extended while its last partition has hits
	limit    int
	maxBytes int64
	rows     bool // hits are read, not only counted
	plan     func(Plan)
}

// resolve returns the question, or an error that lists all faults of the Query.
func (q *Query) resolve() (*question, error) {
	a := &question{limit: q.Limit, maxBytes: cmp.Or(q.MaxBytes, defaultMaxBytes), rows: true, plan: q.Plan}
	if a.maxBytes < 0 {
		a.maxBytes = math.MaxInt64
	}
	var wrong []error
	if q.Limit < 0 {
		wrong = append(wrong, fmt.Errorf("lake: the limit is %d events, less than 0", q.Limit))
	}
	ids, err := spellings(q.TraceID)
	wrong = append(wrong, err)
	a.span, a.grows = q.timeRange(ids)
	if a.span.until <= a.span.since && (err == nil || !q.Since.IsZero()) {
		wrong = append(wrong, errors.New("lake: the range ends before it begins"))
	}
	if err := errors.Join(wrong...); err != nil {
		return nil, err
	}
	a.filter = read.Filter{TraceIDs: ids, Values: slices.Clone(q.Values), App: q.App, Message: q.Message, TraceName: q.TraceName}
	for _, key := range slices.Sorted(maps.Keys(q.Context)) {
		a.filter.Pairs = append(a.filter.Pairs, [2]string{key, q.Context[key]})
	}
	a.matches = func(e *Event) bool { return matches(&a.filter, e) }
	return a, nil
}

// spellings returns the texts that a trace ID may have in a file.
func spellings(id string) ([]string, error) {
	if id == "" {
		return nil, nil
	}
	if _, err := hex.DecodeString(id); err != nil || len(id) != 16 && len(id) != 32 {
		return nil, fmt.Errorf("lake: %.40q is not a trace ID of 16 or 32 hexadecimal digits", id)
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

// timeRange returns the range of the Query, and whether the range grows.
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
	begin, ok := traceBegin(ids, now, cmp.Or(q.TTL, defaultTTL))
	if !ok {
		span.since = now.Add(-defaultRange).UnixMicro()
		return span, false
	}
	span.since = floorPartition(begin.Add(-PartitionSpan).UnixMicro())
	end := floorPartition(begin.Add(cmp.Or(q.Within, defaultWithin)).UnixMicro()) + partitionMicros
	if end < span.until {
		span.until = end
		return span, q.Until.IsZero()
	}
	return span, false
}

// traceBegin returns the time at which the trace began, if its ID contains that time.
func traceBegin(ids []string, now time.Time, ttl time.Duration) (begin time.Time, ok bool) {
	if len(ids) == 0 {
		return begin, false
	}
	seconds, err := strconv.ParseUint(ids[0][:8], 16, 32)
	begin = time.Unix(int64(seconds), 0)
	return begin, err == nil && begin.After(now.Add(-ttl)) && begin.Before(now.Add(PartitionSpan))
}

// matches reports whether e matches q, apart from the range. It is called for each hit.
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
