package line

import "encoding/binary"

// AppendHex appends src as lower-case hexadecimal digits. The length of src must be a multiple of
// four. AppendHex converts four bytes at once. For an ID, this takes half as long as encoding/hex.
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

// eightDigits returns the eight hexadecimal digits of v, one in each byte of the result. The
// argument v must have at most 32 bits.
func eightDigits(v uint64) uint64 {
	v = (v | v<<16) & 0x0000ffff0000ffff
	v = (v | v<<8) & 0x00ff00ff00ff00ff
	v = (v | v<<4) & 0x0f0f0f0f0f0f0f0f
	letters := (v + 6*ones) >> 4 & ones // 1 for a digit above 9
	return v + '0'*ones + letters*('a'-'0'-10)
}

// HexWord returns the value of the eight hexadecimal digits in the bytes of w. Letters may be
// capital or small. For each byte that is not a digit, the high bit of that byte is set in the
// result wrong. The constant [NotHex] is the mask of these high bits. Ignore the other bits of
// wrong.
func HexWord(w uint64) (n, wrong uint64) {
	number := w ^ '0'*ones                // 0 to 9
	letter := (w | 0x20*ones) ^ 0x60*ones // 1 to 6
	wrong = w | (number+(0x7f-9)*ones)&(letter+(0x7f-6)*ones|^(letter+0x7f*ones))

	n = w&(0x0f*ones) + w>>6&ones*9 // letters have bit 6
	n = (n | n>>4) & 0x00ff00ff00ff00ff
	n = (n | n>>8) & 0x0000ffff0000ffff
	return (n | n>>16) & 0xffffffff, wrong
}

const ones = 0x0101010101010101 // ones times n has n in each byte

// NotHex is the mask for HexWord's result wrong: the high bit of each byte.
const NotHex = 0x80 * ones
