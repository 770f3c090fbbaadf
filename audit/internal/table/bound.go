package table

import (
	"bytes"
	"unicode/utf8"

	"github.com/parquet-go/parquet-go/format"
)

// stat holds the bounds of a column in a row group.
type stat struct {
	some            bool // the column has values
	least, greatest []byte
}

// add extends the bounds of s to the bounds of a page. The argument some is false if the page has
// no values.
func (s *stat) add(least, greatest []byte, some bool) {
	if !some {
		return
	}
	if !s.some || bytes.Compare(least, s.least) < 0 {
		s.least = bytes.Clone(least)
	}
	if !s.some || bytes.Compare(greatest, s.greatest) > 0 {
		s.greatest = bytes.Clone(greatest)
	}
	s.some = true
}

// statistics returns the statistics of the column, without bounds that are too long.
func (s *stat) statistics(nullCounts []int64) (all format.Statistics) {
	for _, n := range nullCounts {
		all.NullCount += n
	}
	if s.some && len(s.least) <= maxStat && len(s.greatest) <= maxStat {
		all.MinValue, all.MaxValue = notNil(s.least), notNil(s.greatest)
	}
	return all
}

// notNil returns a copy of p that is never nil, because the writer leaves out a bound that is nil.
func notNil(p []byte) []byte { return append([]byte{}, p...) }

// cutLeast returns a bound that is not above p, and not too long.
func cutLeast(p []byte) []byte {
	if len(p) <= maxBound {
		return p
	}
	n := maxBound
	for n > maxBound-utf8.UTFMax && !utf8.RuneStart(p[n]) {
		n--
	}
	return p[:n]
}

// cutGreatest returns a bound that is not below p, and not too long.
func cutGreatest(p []byte) []byte {
	const last = string(utf8.MaxRune)
	cut := cutLeast(p)
	if len(cut) == len(p) || string(p[len(cut):]) > last {
		return p // no short text is greater than p
	}
	return append(bytes.Clone(cut), last...)
}
