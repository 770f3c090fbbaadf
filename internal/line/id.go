package line

import (
	"encoding/binary"
	"strconv"
	"strings"
)

// The table digits has the value none for a byte that is not a hexadecimal digit.
const none = 0xff

// digits maps each byte to its value as a hexadecimal digit, or to none.
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

// isHex reports whether s contains only hexadecimal digits, and whether letters and capital
// letters are among them.
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

// isDecimal reports whether s must be an ID in decimal digits, judging by its length. An ID in
// hexadecimal digits has 16 or 32 digits.
func isDecimal(s string) bool { return len(s) > 16 && len(s) <= 20 && isDigits(s) }

func isDigits(s string) bool {
	for i := range len(s) {
		if s[i]-'0' > 9 {
			return false
		}
	}
	return true
}

// id returns the ID s in lower-case hexadecimal digits, or "" if s is not an ID. If decimal is
// true, up to 16 digits without a letter are read as a decimal number.
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

// spanBytes returns the ID with the hexadecimal digits s.
func spanBytes(s string) (id [8]byte) {
	for i := range min(len(s)/2, len(id)) {
		id[i] = digits[s[2*i]]<<4 | digits[s[2*i+1]]
	}
	return id
}
