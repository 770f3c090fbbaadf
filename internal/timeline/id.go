package timeline

import (
	"encoding/binary"
	"strconv"

	"example.com/clew/internal/line"
)

// ID is a trace ID. A high half of zero may be a real zero, absent, or unknown: Datadog's decimal
// form has no high half. The zero ID is none.
type ID struct{ High, Low uint64 }

// Same tells whether a and b name one trace. Their low halves must be equal, and their high halves
// too unless one of these is zero.
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

// Forms returns texts of which each line of the trace has at least one: the 16 digits of the low
// half in lower and in upper case, and its decimal number. All other forms contain one of them: 32
// digits, Google's resource name, the values of b3 and traceparent. A text with such a form may be
// from another trace: ask [ID.In], or read the line. Only a search that ignores case finds digits
// in mixed case. The decimal number of a small low half is short, and many lines have it.
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

// minDecimal is the fewest digits of a decimal ID that is found without a name. One random ID in a
// thousand million is shorter. Sizes and times would look like shorter IDs.
const minDecimal = 10

// In tells whether text has an ID of the trace, in any case and form: 16 or 32 digits that touch
// no hexadecimal digit, X-Ray's form, or a decimal number that touches no digit. In ignores a
// decimal number of fewer than ten digits. No text has the zero ID.
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

// inDecimal is In for decimal numbers within a run of hexadecimal digits.
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

// hexID returns the ID with 16 or 32 hexadecimal digits.
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

// xrayID returns the ID with text[start:end] as its last part in X-Ray's form:
// 1-5759e988-bd862e3fe1be46a994272793.
// See https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html.
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

// decimal returns the number of decimal digits. It is false for zero, and for numbers of more than
// 64 bits.
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

// digits are the values of the hexadecimal digits.
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

// isWord tells whether c is an ASCII letter, a digit or an underscore.
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
