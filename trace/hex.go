package trace

import (
	"encoding/binary"

	"example.com/clew/internal/line"
)

// parseID reads hexadecimal digits, in upper or lower case, into dst, and reports whether s is
// well-formed. s must have exactly 2*len(dst) digits, a multiple of 16. parseID is the inverse of
// line.AppendHex.
func parseID(dst []byte, s string) bool {
	if len(s) != 2*len(dst) {
		return false
	}
	src := []byte(s) // no copy, because the compiler sees that nobody writes to src
	var wrong uint64
	for len(src) >= 16 && len(dst) >= 8 {
		high, notHigh := line.HexWord(binary.BigEndian.Uint64(src))
		low, notLow := line.HexWord(binary.BigEndian.Uint64(src[8:]))
		binary.BigEndian.PutUint64(dst, high<<32|low)
		wrong |= notHigh | notLow
		src, dst = src[16:], dst[8:]
	}
	return wrong&line.NotHex == 0
}
