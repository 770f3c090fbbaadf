package line

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"time"
)

// unit is the unit and the form in which a duration is written.
type unit uint8

const (
	milliseconds unit = iota // a number, with three decimals
	nanoseconds              // a whole number
	seconds                  // a text: "0.004711s"
)

// took writes the duration d in the field k.
func (n *Names) took(to Sink, k Key, u unit, d time.Duration) {
	switch u {
	case nanoseconds:
		to.Int(n.key[k], d.Nanoseconds())
	case seconds:
		var buf [32]byte
		to.Str(n.key[k], string(appendSeconds(buf[:0], d.Nanoseconds())))
	default:
		to.Milliseconds(n.key[k], d.Microseconds())
	}
}

// tookAlone writes the duration of a record that has no group.
func (n *Names) tookAlone(to Sink, d time.Duration) {
	if n.in(Duration) {
		to.Milliseconds(ours[Duration], d.Microseconds())
		return
	}
	n.took(to, Duration, n.duration, d)
}

// AppendMilliseconds appends a duration as a number of milliseconds. The argument is the duration
// in thousandths of a millisecond.
func AppendMilliseconds(dst []byte, thousandths int64) []byte {
	n := uint64(thousandths)
	if thousandths < 0 { // the clock was set back
		dst, n = append(dst, '-'), -n
	}
	dst = strconv.AppendUint(dst, n/1000, 10)
	if part := n % 1000; part != 0 {
		dst = append(dst, '.', byte('0'+part/100), byte('0'+part/10%10), byte('0'+part%10))
		for dst[len(dst)-1] == '0' {
			dst = dst[:len(dst)-1]
		}
	}
	return dst
}

// appendSeconds appends a duration in Google's form: a number of seconds and an s. The argument is
// the duration in nanoseconds.
func appendSeconds(dst []byte, ns int64) []byte {
	n := uint64(ns)
	if ns < 0 {
		dst, n = append(dst, '-'), -n
	}
	dst = strconv.AppendUint(dst, n/1e9, 10)
	if part := n % 1e9; part != 0 {
		dst = strconv.AppendUint(append(dst, '.'), 1e9+part, 10) // the 1 keeps leading zeros
		dst = bytes.TrimRight(slices.Delete(dst, len(dst)-10, len(dst)-9), "0")
	}
	return append(dst, 's')
}

// took returns the duration that s represents in the unit u.
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
