package servicemap

import (
	"cmp"
	"encoding/binary"
	"math"
	"time"
)

// row is a request, a call or a job, a span that plain lines name, or a request that did not
// believe its caller. A plain line is one that reports no request, call or job. A row has no
// pointer, and is as long as a cache line of the processor. There may be a hundred million rows,
// so a row has only what is needed.
type row struct {
	low, high    uint64 // of the trace's ID
	span, parent uint64
	link         uint64 // of a request: its caller's parent span; of a call: the host's number
	at           int64  // when it ended, in nanoseconds since 1970; never: not known
	took         uint32 // see pack
	bytes        uint32 // see pack
	service      uint16
	operation    uint16
	answer       uint16 // the status in the low bits, the attempt in the high bits
	flags        uint16
}

// rowBytes is how long a row is in a file, and in memory.
const rowBytes = 64

// never is the time of a row without a time.
const never = math.MinInt64

// Kinds of rows.
const (
	isRequest = iota
	isCall
	isJob
	isMention // a span that plain lines name and no line reports
	// isRestarted is a request that did not believe its caller, as a row in the caller's trace.
	// link and parent make the row unique.
	isRestarted
	kindMask = 7
)

// Flags of a row, in the bits above its kind.
const (
	sixteen   = 1 << (3 + iota) // the trace's ID has 16 digits
	thirtyTwo                   // it has 32
	sampled
	failed
	refused
	untrusted // a request whose caller was not believed
	inexact1  // two bits: the precision of the time
	inexact2
)

func (r *row) kind() uint16 { return r.flags & kindMask }

func (r *row) is(flag uint16) bool { return r.flags&flag != 0 }

func (r *row) status() int { return int(r.answer & (1<<statusBits - 1)) }

func (r *row) attempt() int { return int(r.answer >> statusBits) }

const statusBits = 10

// answerOf packs a status and an attempt. Numbers that are too great become the greatest possible.
func answerOf(status, attempt int) uint16 {
	const most, mostAttempts = 1<<statusBits - 1, 1<<(16-statusBits) - 1
	return uint16(max(0, min(status, most))) | uint16(max(0, min(attempt, mostAttempts)))<<statusBits
}

// duration returns how long a row took.
func (r *row) duration() time.Duration { return time.Duration(unpack(r.took)) }

// begin returns when a row began; never: not known.
func (r *row) begin() int64 {
	if r.at == never {
		return never
	}
	return r.at - unpack(r.took)
}

// units are the divisors of pack. Durations in nanoseconds are exact to the nanosecond up to a
// second, to the microsecond up to 17 minutes, to the millisecond up to 12 days. The longest
// possible duration is 34 years.
var units = [4]int64{1, 1e3, 1e6, 1e9}

// pack keeps the highest digits of a number that is not negative.
func pack(n int64) uint32 {
	const room = 1 << 30
	n = max(n, 0)
	for i, unit := range units {
		if n < room*unit {
			return uint32(n/unit) | uint32(i)<<30
		}
	}
	return math.MaxUint32
}

func unpack(p uint32) int64 { return int64(p&(1<<30-1)) * units[p>>30] }

// inexactOf packs how exact a time is.
func inexactOf(precision time.Duration) uint16 {
	switch {
	case precision <= time.Microsecond:
		return 0
	case precision <= time.Millisecond:
		return inexact1
	case precision <= time.Second:
		return inexact2
	}
	return inexact1 | inexact2
}

// inexact returns by how much the true end of a row may be later than the field at.
func (r *row) inexact() time.Duration {
	switch r.flags & (inexact1 | inexact2) {
	case inexact1:
		return time.Millisecond
	case inexact2:
		return time.Second
	case inexact1 | inexact2:
		return time.Minute
	}
	return time.Microsecond
}

// compareRows orders the rows of a trace, first by the span. Only equal rows compare as equal.
func compareRows(a, b *row) int {
	if a.span != b.span {
		return cmp.Compare(a.span, b.span)
	}
	if c := cmp.Compare(a.kind(), b.kind()); c != 0 {
		return c
	}
	return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.service, b.service), cmp.Compare(a.parent, b.parent), cmp.Compare(a.link, b.link),
		cmp.Compare(a.high, b.high), cmp.Compare(a.took, b.took), cmp.Compare(a.answer, b.answer), cmp.Compare(a.operation, b.operation),
		cmp.Compare(a.bytes, b.bytes), cmp.Compare(a.flags, b.flags), cmp.Compare(a.low, b.low))
}

// appendRow appends a row in the form that it has in a file.
func appendRow(b []byte, r *row) []byte {
	o := binary.LittleEndian
	for _, n := range [...]uint64{r.low, r.high, r.span, r.parent, r.link, uint64(r.at)} {
		b = o.AppendUint64(b, n)
	}
	b = o.AppendUint32(o.AppendUint32(b, r.took), r.bytes)
	for _, n := range [...]uint16{r.service, r.operation, r.answer, r.flags} {
		b = o.AppendUint16(b, n)
	}
	return b
}

// readRow reads the row at the beginning of b.
func readRow(b []byte) row {
	_ = b[rowBytes-1]
	o := binary.LittleEndian
	return row{
		low: o.Uint64(b), high: o.Uint64(b[8:]), span: o.Uint64(b[16:]), parent: o.Uint64(b[24:]), link: o.Uint64(b[32:]),
		at: int64(o.Uint64(b[40:])), took: o.Uint32(b[48:]), bytes: o.Uint32(b[52:]),
		service: o.Uint16(b[56:]), operation: o.Uint16(b[58:]), answer: o.Uint16(b[60:]), flags: o.Uint16(b[62:]),
	}
}
