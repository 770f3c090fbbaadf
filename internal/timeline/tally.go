package timeline

import (
	"math"
	"slices"
	"time"

	"example.com/clew/internal/line"
)

// tally is a trace that is being summed up. A list has a million tallies, so a tally has only 144
// bytes.
type tally struct {
	id                   ID
	next                 *tally // a trace with the same low half of the ID, and another high half
	first, last          int64  // of lines, in nanoseconds since 1970; first may be never
	begin                int64  // the beginning of the root
	namedAt              int64  // the time of the first line that names a service; see named
	took                 time.Duration
	operation            string   // the root's, as are status, service and record
	others               []nameID // further services, if the array few is full
	few                  [4]nameID
	status               int32
	spans, lines, errors uint32
	more                 uint32
	service              nameID
	named                nameID // the service of the first line that names one
	record               recordID
	root, match, marked  bool
}

const never = math.MaxInt64

// bytes returns the memory that the trace needs.
func (s *tally) bytes() int { return summaryBytes + 4*len(s.others) + len(s.operation) }

// start returns the time when the trace began.
func (s *tally) start() int64 { return min(s.begin, s.first) }

// known returns the result of the method start. For a trace without a time, it returns the
// earliest possible time instead.
func (s *tally) known() int64 {
	if start := s.start(); start != never {
		return start
	}
	return math.MinInt64
}

// recordID is the index of a record's message in records.
type recordID uint8

var records = [...]string{"", line.MessageRequest, line.MessageCall, line.MessageJob}

func recordOf(message string) recordID { return recordID(max(slices.Index(records[:], message), 0)) }
