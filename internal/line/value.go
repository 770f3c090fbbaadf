package line

import (
	"encoding/binary"
	"math"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// none is what digits has for a byte that is no hexadecimal digit.
const none = 0xff

// digits are the values of hexadecimal digits.
var digits = func() (d [256]uint8) {
	for c := range d {
		d[c] = none
	}
	for i := range 10 {
		d['0'+i] = uint8(i)
	}
	for i := range 6 {
		d['a'+i], d['A'+i] = uint8(10+i), uint8(10+i)
	}
	return d
}()

// isHex reports whether s has hexadecimal digits only, and which of them are letters.
func isHex(s string) (hex, letters, upper bool) {
	for i := range len(s) {
		c := s[i]
		if digits[c] == none {
			return false, false, false
		}
		letters = letters || c > '9'
		upper = upper || c-'A' < 26
	}
	return true, letters, upper
}

// isDecimal reports whether s is an ID in decimal digits, as its length shows: one in hexadecimal
// digits has 16 of them, or 32.
func isDecimal(s string) bool { return len(s) > 16 && len(s) <= 20 && isDigits(s) }

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return false
		}
	}
	return true
}

// id returns the ID that s has, in hexadecimal digits; "": none. Decimal says that 16 digits
// without a letter, and fewer, are a decimal number.
func id(s string, decimal bool) string {
	if len(s) == 32 || len(s) == 16 {
		hex, letters, upper := isHex(s)
		switch {
		case !hex || strings.Trim(s, "0") == "":
			return ""
		case upper:
			return strings.ToLower(s)
		case len(s) == 32 || letters || !decimal:
			return s
		}
	}
	if len(s) > 20 || !isDigits(s) || len(s) < 16 && !decimal {
		return ""
	}
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n == 0 {
		return ""
	}
	var text [16]byte
	return string(AppendHex(text[:0], binary.BigEndian.AppendUint64(nil, n)))
}

// spanBytes returns the ID that has the hexadecimal digits of s.
func spanBytes(s string) (id [8]byte) {
	for i := range min(len(s)/2, len(id)) {
		id[i] = digits[s[2*i]]<<4 | digits[s[2*i+1]]
	}
	return id
}

// integer returns the whole number that s is.
func integer(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// scaled returns the number that s is, times ten to the power of scale, rounded. It is false where
// s is no number of JSON, and where that is too large.
func scaled(s string, scale int) (int64, bool) {
	if n := number(s); n == 0 || n < len(s) {
		return 0, false
	}
	negative := s[0] == '-'
	if negative {
		s = s[1:]
	}
	if e := strings.IndexAny(s, "eE"); e >= 0 {
		exponent, err := strconv.Atoi(s[e+1:])
		if err != nil || exponent < -1000 || exponent > 1000 {
			return 0, false
		}
		scale += exponent
		s = s[:e]
	}
	point := strings.IndexByte(s, '.')
	if point < 0 {
		point = len(s)
	}
	last := point + scale // the digits before this place count, the point not among them
	var n uint64
	seen := 0
	for i := range len(s) {
		if i == point {
			continue
		}
		if seen >= last {
			if seen == last && s[i] >= '5' {
				n++
			}
			seen = max(last, 0) + 1
			break
		}
		high, low := bits.Mul64(n, 10)
		if high != 0 || low > math.MaxInt64 {
			return 0, false
		}
		n = low + uint64(s[i]-'0')
		seen++
	}
	for ; seen < last; seen++ {
		if n == 0 {
			break
		}
		high, low := bits.Mul64(n, 10)
		if high != 0 || low > math.MaxInt64 {
			return 0, false
		}
		n = low
	}
	if n > math.MaxInt64 {
		return 0, false
	}
	if negative {
		return -int64(n), true
	}
	return int64(n), true
}

// took returns the duration that s is in a unit.
func took(s string, u unit) (time.Duration, bool) {
	scale := 0
	switch u {
	case milliseconds:
		scale = 6
	case seconds:
		scale = 9
		s = strings.TrimSuffix(s, "s")
	}
	ns, ok := scaled(s, scale)
	return time.Duration(ns), ok
}

// instant returns the time that s is: one of RFC 3339, with a fraction of any length, or a number
// of seconds, milliseconds, microseconds or nanoseconds since 1970, told by its size; else the
// zero one. The T may be a space, the fraction may begin with a comma, and the zone may lack its
// colon, as loggers of Java and Python have it. Console's time of the day is one of the year 0.
func instant(s string) time.Time {
	year, month, day := 0, 1, 1
	clock := len(s) >= len("15:04:05") && s[2] == ':' // alone
	switch {
	case clock:
	case len(s) >= len("2006-01-02T") && s[4] == '-' && s[7] == '-' && (s[10] == 'T' || s[10] == 't' || s[10] == ' '):
		year, month, day = two(s)*100+two(s[2:]), two(s[5:]), two(s[8:])
		if year < 0 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
			return time.Time{}
		}
		s = s[len("2006-01-02T"):]
	default:
		return epoch(s)
	}
	if len(s) < len("15:04:05") || s[2] != ':' || s[5] != ':' {
		return time.Time{}
	}
	hour, minute, second := two(s), two(s[3:]), two(s[6:])
	if uint(hour) > 23 || uint(minute) > 59 || uint(second) > 59 {
		return time.Time{}
	}
	s = s[len("15:04:05"):]
	ns := 0
	if s != "" && (s[0] == '.' || s[0] == ',') {
		i := 1
		for unit := 100_000_000; i < len(s) && s[i]-'0' <= 9; i++ {
			ns += int(s[i]-'0') * unit
			unit /= 10
		}
		if i == 1 {
			return time.Time{}
		}
		s = s[i:]
	}
	offset := 0
	if !clock {
		var ok bool
		if offset, ok = zone(s); !ok {
			return time.Time{}
		}
	} else if s != "" {
		return time.Time{}
	}
	return time.Date(year, time.Month(month), day, hour, minute, second-offset, ns, time.UTC)
}

// zone returns by how many seconds a time zone is ahead of UTC.
func zone(s string) (offset int, ok bool) {
	if s == "Z" || s == "z" {
		return 0, true
	}
	if len(s) != len("+0100") && (len(s) != len("+01:00") || s[3] != ':') || s[0] != '+' && s[0] != '-' {
		return 0, false
	}
	hours, minutes := two(s[1:]), two(s[len(s)-2:])
	if uint(hours) > 23 || uint(minutes) > 59 {
		return 0, false
	}
	offset = (hours*60 + minutes) * 60
	if s[0] == '-' {
		offset = -offset
	}
	return offset, true
}

// two returns the number that the first two digits of s are; a negative one where they are none.
func two(s string) int {
	tens, ones := s[0]-'0', s[1]-'0'
	if tens > 9 || ones > 9 {
		return -1 << 20
	}
	return int(tens)*10 + int(ones)
}

func daysIn(year, month int) int {
	return time.Date(year, time.Month(month+1), 0, 0, 0, 0, 0, time.UTC).Day()
}

// epoch returns the time that is so many seconds, or parts of one, after 1970 began.
func epoch(s string) time.Time {
	whole, ok := scaled(s, 0)
	if !ok {
		return time.Time{}
	}
	scale := 9
	for limit := int64(1e11); scale > 0 && (whole >= limit || whole <= -limit); limit *= 1000 { // the year 5138
		scale -= 3
	}
	if ns, ok := scaled(s, scale); ok {
		return time.Unix(0, ns).UTC()
	}
	if scale == 9 { // too many nanoseconds
		return time.Unix(whole, 0).UTC()
	}
	return time.Time{}
}
