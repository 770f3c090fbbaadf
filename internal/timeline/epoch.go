package timeline

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

// number reads a number of seconds, milliseconds, microseconds or nanoseconds since 1970. Seconds
// may have a fraction. Since 2001, such a number has 10, 13, 16 or 19 digits.
func (d *date) number(text []byte) bool {
	end := digitsEnd(text, d.end)
	if text[d.end] == '0' {
		return false
	}
	if end-d.end == 10 && at(text, end) == '.' {
		end = max(end, digitsEnd(text, end+1))
	}
	if isWord(at(text, end)) {
		return false
	}
	s, ok := epoch(bytes.TrimSuffix(text[d.end:end], []byte(".")))
	s.start, s.end = d.start, end
	d.end, d.epoch = end, s
	return ok
}

// epoch returns the time for a number of seconds, milliseconds, microseconds or nanoseconds since
// 1970. It infers the unit from the size of the number. This works until the year 5138.
func epoch(text []byte) (stamp, bool) {
	whole := digitsEnd(text, 0)
	if whole == 0 || whole > 19 {
		return stamp{}, false
	}
	end := whole
	if at(text, whole) == '.' {
		end = digitsEnd(text, whole+1)
	}
	if end < len(text) {
		return exponent(text)
	}
	n, err := strconv.ParseInt(string(text[:whole]), 10, 64)
	if err != nil {
		return stamp{}, false
	}
	unit, digits := int64(time.Second), 0 // the unit of n, and how many decimals of a second n has
	for limit := int64(1e11); unit > 1 && n >= limit; limit *= 1000 {
		unit /= 1000
		digits += 3
	}
	ns := int64(0)
	if end > whole {
		part := unit
		for _, c := range text[whole+1 : end] {
			part /= 10
			ns += int64(c-'0') * part
		}
		digits = min(digits+end-whole-1, 9)
	}
	perSecond := int64(time.Second) / unit
	t := time.Unix(n/perSecond, n%perSecond*unit+ns).UTC()
	if t.Year() > lastYear {
		return stamp{}, false
	}
	return stamp{end: end, time: t, precision: precisionOf(digits)}, true
}

// exponent does the work of epoch for a number with an exponent, such as 1.795733185343e9. The
// time is exact to microseconds.
func exponent(text []byte) (stamp, bool) {
	if len(text) > 40 || !bytes.ContainsAny(text, "eE") {
		return stamp{}, false
	}
	n, err := strconv.ParseFloat(string(text), 64)
	if err != nil || n < 0 || n > math.MaxInt64 {
		return stamp{}, false
	}
	for limit := 1e11; n >= limit; {
		n /= 1000
	}
	whole, part := math.Modf(n)
	return stamp{end: len(text), time: time.Unix(int64(whole), int64(math.Round(part*1e6))*1000).UTC(), precision: time.Microsecond}, true
}
