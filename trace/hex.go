package trace

import "encoding/binary"

// parseID reads hexadecimal digits in either case: exactly 2*len(dst), a multiple of 16. It is the
// inverse of line.AppendHex.
func parseID(dst []byte, s string) bool {
	if len(s) != 2*len(dst) {
		return false
	}
	src := []byte(s) // not a copy: the compiler sees that nobody writes
	var bad uint64
	for len(src) >= 16 && len(dst) >= 8 {
		high, notHigh := eightDigits(binary.BigEndian.Uint64(src))
		low, notLow := eightDigits(binary.BigEndian.Uint64(src[8:]))
		binary.BigEndian.PutUint64(dst, high<<32|low)
		bad |= notHigh | notLow
		src, dst = src[16:], dst[8:]
	}
	return bad&notHex == 0
}

const (
	each   = 0x0101010101010101 // times n: n in each byte
	notHex = 0x80 * each
)

// eightDigits reads the digits in the bytes of c, all at once: in half the instructions that a
// table needs. A byte of bad has its high bit set if the same byte of c is no digit.
func eightDigits(c uint64) (v, bad uint64) {
	number := c ^ '0'*each                // 0 to 9
	letter := (c | 0x20*each) ^ 0x60*each // 1 to 6
	bad = c | (number+(0x7f-9)*each)&(letter+(0x7f-6)*each|^(letter+0x7f*each))

	v = c&(0x0f*each) + c>>6&each*9 // letters have bit 6
	v = (v | v>>4) & 0x00ff00ff00ff00ff
	v = (v | v>>8) & 0x0000ffff0000ffff
	return (v | v>>16) & 0xffffffff, bad
}
