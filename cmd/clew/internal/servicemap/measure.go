package servicemap

import (
	"math"
	"strconv"
	"time"

	"example.com/clew/internal/timeline"
)

// Numbers have the same form as in the views of a trace.

// took returns milliseconds as text.
func took(ms float64) string {
	return timeline.Short(duration(ms))
}

func duration(ms float64) time.Duration {
	return time.Duration(min(max(ms, -9e12), 9e12) * 1e6)
}

// amount returns a count with its noun, as text.
func amount(n int64, noun string) string {
	return timeline.Counted(n, noun)
}

// percent returns a share of a whole as text, in about two digits: "0", "0.51 %", "12 %". The text
// is "0" only for a part of zero, and "100 %" only for the whole.
func percent(part, whole int64) string {
	if part <= 0 || whole <= 0 {
		return "0"
	}
	p := float64(part) / float64(whole) * 100
	switch {
	case p < 0.01:
		return "<0.01 %"
	case p < 0.995:
		return strconv.FormatFloat(p, 'f', 2, 64) + " %"
	case p < 9.95:
		return strconv.FormatFloat(p, 'f', 1, 64) + " %"
	case part < whole && p > 99:
		return ">99 %"
	}
	return strconv.FormatFloat(p, 'f', 0, 64) + " %"
}

var sizeUnits = [...]string{" B", " kB", " MB", " GB", " TB", " PB", " EB"}

// size returns a number of bytes as text, in three digits: "1.20 MB".
func size(bytes int64) string {
	f, unit := float64(bytes), 0
	for f >= 999.5 && unit < len(sizeUnits)-1 {
		f /= 1000
		unit++
	}
	switch {
	case unit == 0 || f >= 99.95:
		return strconv.FormatFloat(math.Round(f), 'f', 0, 64) + sizeUnits[unit]
	case f >= 9.995:
		return strconv.FormatFloat(f, 'f', 1, 64) + sizeUnits[unit]
	}
	return strconv.FormatFloat(f, 'f', 2, 64) + sizeUnits[unit]
}

// round returns a count as text in three digits, for places with little room: "12.3k".
func round(n int64) string {
	if n < 10_000 {
		return timeline.Grouped(n)
	}
	f, unit := float64(n), 0
	for f >= 999.5 && unit < 4 {
		f /= 1000
		unit++
	}
	digits := 1
	if f >= 99.95 {
		digits = 0
	}
	return strconv.FormatFloat(f, 'f', digits, 64) + [...]string{"", "k", "M", "G", "T"}[unit]
}
