package line

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// integer returns the whole number that s represents.
func integer(s string) (int64, bool) {
	n, err := strconv.ParseInt(s, 10, 64)
	return n, err == nil
}

// scaled returns the JSON number s times ten to the power of scale, rounded. The bool is false if
// s is not a JSON number, or if the result is too large.
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
	n, ok := shifted(s, scale)
	if !ok || n > math.MaxInt64 {
		return 0, false
	}
	if negative {
		return -int64(n), true
	}
	return int64(n), true
}

// shifted returns s, a decimal number without a sign, times ten to the power of scale, rounded.
func shifted(s string, scale int) (n uint64, ok bool) {
	point := strings.IndexByte(s, '.')
	if point < 0 {
		point = len(s)
	}
	digits, wanted := 0, point+scale
	for i := range len(s) {
		if i == point {
			continue
		}
		if digits >= wanted {
			if digits == wanted && s[i] >= '5' {
				n++
			}
			return n, true
		}
		if n, ok = withDigit(n, s[i]-'0'); !ok {
			return 0, false
		}
		digits++
	}
	for ; digits < wanted && n > 0; digits++ {
		if n, ok = withDigit(n, 0); !ok {
			return 0, false
		}
	}
	return n, true
}

// withDigit returns n with one more decimal digit at its end. The bool is false if ten times n
// does not fit into an int64.
func withDigit(n uint64, digit byte) (uint64, bool) {
	high, low := bits.Mul64(n, 10)
	return low + uint64(digit), high == 0 && low <= math.MaxInt64
}

// number returns the length of the JSON number at the beginning of s, or 0 if there is none.
func number(s string) int {
	i := 0
	run := func() bool {
		start := i
		for i < len(s) && s[i]-'0' <= 9 {
			i++
		}
		return i > start
	}
	if i < len(s) && s[i] == '-' {
		i++
	}
	if i < len(s) && s[i] == '0' {
		i++
	} else if !run() {
		return 0
	}
	if i < len(s) && s[i] == '.' {
		i++
		if !run() {
			return 0
		}
	}
	if i < len(s) && s[i]|' ' == 'e' {
		i++
		if i < len(s) && (s[i] == '+' || s[i] == '-') {
			i++
		}
		if !run() {
			return 0
		}
	}
	return i
}
