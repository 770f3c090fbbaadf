package line

import "encoding/binary"

// AppendHex appends src as lower-case hexadecimal digits. The length of src must be a multiple of
// four. Four bytes at once take half as long as encoding/hex for an ID.
func AppendHex(dst, src []byte) []byte {
	for ; len(src) >= 8; src = src[8:] {
		v := binary.BigEndian.Uint64(src)
		dst = binary.BigEndian.AppendUint64(dst, eightDigits(v>>32))
		dst = binary.BigEndian.AppendUint64(dst, eightDigits(v&0xffffffff))
	}
	if len(src) >= 4 {
		dst = binary.BigEndian.AppendUint64(dst, eightDigits(uint64(binary.BigEndian.Uint32(src))))
	}
	return dst
}

// eightDigits returns the digits of v, which has 32 bits, each in a byte.
func eightDigits(v uint64) uint64 {
	const each = 0x0101010101010101 // times n: n in each byte
	v = (v | v<<16) & 0x0000ffff0000ffff
	v = (v | v<<8) & 0x00ff00ff00ff00ff
	v = (v | v<<4) & 0x0f0f0f0f0f0f0f0f
	letters := (v + 6*each) >> 4 & each // 1 for a digit above 9
	return v + '0'*each + letters*('a'-'0'-10)
}
