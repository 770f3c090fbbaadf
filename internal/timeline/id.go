package timeline

import (
	"encoding/binary"
	"strconv"

	"example.com/clew/internal/line"
)

// ID is a trace ID. If High is zero, the high half is zero, absent or unknown: Datadog's decimal
// form contains only the low half. The zero value means that there is no ID.
type ID struct{ High, Low uint64 }

// Same reports whether a and b are IDs of the same trace. Their low halves must be equal. Their
// high halves must be equal too, unless one of them is zero.
func (a ID) Same(b ID) bool {
	return a.Low == b.Low && (a.High == b.High || a.High == 0 || b.High == 0)
}

// String returns the ID in lower-case hexadecimal digits: 32, or 16 if the high half is zero.
func (a ID) String() string {
	var buf [32]byte
	text := buf[:0]
	if a.High != 0 {
		text = appendHex(text, a.High)
	}
	return string(appendHex(text, a.Low))
}

// Forms returns the texts to search for in lines. They are the 16 digits of the low half in lower
// and in upper case, and the decimal number of the low half. Each line of the trace contains at
// least one of them, because all other forms of an ID contain one: 32 digits, Google's resource
// name, the values of b3 and traceparent. A line of another trace may contain one too, so ask
// [ID.In], or read the line. Digits in mixed case are found only by a search that ignores case.
// The decimal number of a small low half is short, so many other lines contain it.
func (a ID) Forms() []string {
	lower := hex16(a.Low)
	forms := []string{lower}
	if upper := upperHex(lower); upper != lower {
		forms = append(forms, upper)
	}
	if decimal := strconv.FormatUint(a.Low, 10); a.Low != 0 {
		forms = append(forms, decimal)
	}
	return forms
}

// minDecimal is the smallest number of digits of a decimal ID that is found without a name before
// it. Shorter numbers are mostly sizes and times. Fewer than one random ID in a thousand million
// is shorter.
const minDecimal = 10

// In reports whether text contains the ID, in upper or lower case and in any of these forms: 16 or
// 32 hexadecimal digits with no hexadecimal digit before or behind them, X-Ray's form, or a
// decimal number of ten digits or more. The result is false for the zero ID.
func (a ID) In(text []byte) bool {
	if a == (ID{}) {
		return false
	}
	for i := 0; i < len(text); {
		if digits[text[i]] == noDigit {
			i++
			continue
		}
		end := hexEnd(text, i)
		if id, ok := hexID(text[i:end]); ok && a.Same(id) {
			return true
		}
		if id, ok := xrayID(text, i, end); ok && a.Same(id) {
			return true
		}
		if a.inDecimal(text[i:end]) {
			return true
		}
		i = end
	}
	return false
}

// inDecimal reports whether a run of hexadecimal digits contains the ID as a decimal number.
func (a ID) inDecimal(run []byte) bool {
	for i := 0; i < len(run); {
		end := digitsEnd(run, i)
		if end-i >= minDecimal {
			if n, ok := decimal(run[i:end]); ok && n == a.Low {
				return true
			}
		}
		i = max(end, i+1)
	}
	return false
}

// hexID returns the ID in a run of 16 or 32 hexadecimal digits.
func hexID(run []byte) (ID, bool) {
	var id ID
	switch len(run) {
	case 16:
		id.Low = hexValue(run)
	case 32:
		id = ID{hexValue(run[:16]), hexValue(run[16:])}
	}
	return id, id != ID{}
}

// xrayID reads an ID in X-Ray's form, such as 1-5759e988-bd862e3fe1be46a994272793. The last part
// of the ID is text[start:end]. See
// https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html.
func xrayID(text []byte, start, end int) (ID, bool) {
	const head = len("1-5759e988-")
	if end-start != 24 || start < head || string(text[start-head:start-head+2]) != "1-" || text[start-1] != '-' {
		return ID{}, false
	}
	seconds := text[start-9 : start-1]
	if hexEnd(seconds, 0) != len(seconds) || start > head && isWord(text[start-head-1]) {
		return ID{}, false
	}
	run := text[start:end]
	return ID{hexValue(seconds)<<32 | hexValue(run[:8]), hexValue(run[8:])}, true
}

// decimal returns the value of a decimal number. The result ok is false for zero, and for numbers
// of more than 64 bits.
func decimal(digits []byte) (n uint64, ok bool) {
	if len(digits) == 0 || len(digits) > 20 {
		return 0, false
	}
	for _, c := range digits {
		d := uint64(c - '0')
		if d > 9 || n > (1<<64-1)/10 || n*10 > 1<<64-1-d {
			return 0, false
		}
		n = n*10 + d
	}
	return n, n != 0
}

// noDigit is the value of a byte that is no hexadecimal digit.
const noDigit = 0xff

// digits contains the value of each hexadecimal digit.
var digits = func() (d [256]uint8) {
	for c := range d {
		d[c] = noDigit
	}
	for i := range 10 {
		d['0'+i] = uint8(i)
	}
	for i := range 6 {
		d['a'+i], d['A'+i] = uint8(10+i), uint8(10+i)
	}
	return d
}()

// hexValue returns the value of up to 16 hexadecimal digits.
func hexValue(run []byte) (n uint64) {
	for _, c := range run {
		n = n<<4 | uint64(digits[c])
	}
	return n
}

// idDigits returns the ID if text is exactly 16 or 32 hexadecimal digits.
func idDigits(text []byte) (id ID, ok bool) {
	high := true
	if len(text) == 32 {
		id.High, high = hexDigits(text)
		text = text[16:]
	} else if len(text) != 16 {
		return ID{}, false
	}
	low := false
	id.Low, low = hexDigits(text)
	return id, high && low && id != ID{}
}

// hexDigits returns the value of the first 16 hexadecimal digits of text.
func hexDigits(text []byte) (n uint64, ok bool) {
	high, wrong := line.HexWord(binary.BigEndian.Uint64(text))
	low, alsoWrong := line.HexWord(binary.BigEndian.Uint64(text[8:]))
	return high<<32 | low, (wrong|alsoWrong)&line.NotHex == 0
}

// hexEnd returns the end of the run of hexadecimal digits at i.
func hexEnd(text []byte, i int) int {
	for i < len(text) && digits[text[i]] != noDigit {
		i++
	}
	return i
}

// digitsEnd returns the end of the run of decimal digits at i.
func digitsEnd(text []byte, i int) int {
	for i < len(text) && text[i]-'0' <= 9 {
		i++
	}
	return i
}

// isWord reports whether c is an ASCII letter, a digit or an underscore.
func isWord(c byte) bool { return words[c] }

var words = func() (is [256]bool) {
	for c := range byte(128) {
		is[c] = c|' '-'a' < 26 || c-'0' <= 9 || c == '_'
	}
	return is
}()

// appendHex appends the 16 hexadecimal digits of n.
func appendHex(dst []byte, n uint64) []byte {
	return line.AppendHex(dst, []byte{byte(n >> 56), byte(n >> 48), byte(n >> 40), byte(n >> 32),
		byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
}

// hex16 returns the 16 hexadecimal digits of n.
func hex16(n uint64) string { return string(appendHex(nil, n)) }

// upperHex returns hexadecimal digits in upper case.
func upperHex(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'a' {
			b[i] = c - ' '
		}
	}
	return string(b)
}
