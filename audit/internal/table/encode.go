package table

import "encoding/binary"

// widthOf returns the width in bits of indexes into n strings, rounded up to whole bytes. Narrower
// indexes would be smaller before zstd but larger after it, because zstd finds repeated bytes, and
// the pairs of a trace repeat.
func widthOf(n int) int {
	switch {
	case n <= 1<<8:
		return 8
	case n <= 1<<16:
		return 16
	default:
		return 24
	}
}

// appendIndexes appends a page's indexes in the encoding RLE_DICTIONARY: the width, and one run of
// packed values.
func appendIndexes(dst []byte, indexes []uint32, width int) []byte {
	dst = append(dst, byte(width))
	groups := (len(indexes) + 7) / 8
	dst = binary.AppendUvarint(dst, uint64(groups)<<1|1)
	switch width {
	case 8:
		for _, n := range indexes {
			dst = append(dst, byte(n))
		}
	case 16:
		for _, n := range indexes {
			dst = append(dst, byte(n), byte(n>>8))
		}
	default:
		for _, n := range indexes {
			dst = append(dst, byte(n), byte(n>>8), byte(n>>16))
		}
	}
	for range (groups*8 - len(indexes)) * width / 8 {
		dst = append(dst, 0)
	}
	return dst
}

// appendLevels appends the repetition and definition levels of rows that each have a list, and
// returns the number of levels. The first row's values begin at the index begin. For each row, the
// slice ends contains the index after the row's last value.
func appendLevels(dst []byte, begin uint32, ends []uint32) (_ []byte, levels int) {
	empty, several := 0, false
	for from, i := begin, 0; i < len(ends); i++ {
		n := ends[i] - from
		from = ends[i]
		if n == 0 {
			empty++
			n = 1
		}
		several = several || n > 1
		levels += int(n)
	}
	dst = append(dst, 0, 0, 0, 0)
	start := len(dst)
	if several {
		dst = appendRepetitions(dst, begin, ends, levels)
	} else {
		dst = appendSame(dst, levels, 0)
	}
	binary.LittleEndian.PutUint32(dst[start-4:], uint32(len(dst)-start))
	dst = append(dst, 0, 0, 0, 0)
	start = len(dst)
	switch empty {
	case 0:
		dst = appendSame(dst, levels, 1)
	case levels:
		dst = appendSame(dst, levels, 0)
	default:
		dst = appendDefinitions(dst, begin, ends, levels)
	}
	binary.LittleEndian.PutUint32(dst[start-4:], uint32(len(dst)-start))
	return dst, levels
}

// appendSame appends n levels that are all the same.
func appendSame(dst []byte, n int, level byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(n)<<1), level)
}

// appendRepetitions appends a 0 for the first value of each row, and a 1 for each other value.
func appendRepetitions(dst []byte, begin uint32, ends []uint32, levels int) []byte {
	bits := newBits(dst, levels)
	for from, i := begin, 0; i < len(ends); i++ {
		n := int(ends[i] - from)
		from = ends[i]
		bits.add(0, 1)
		for n--; n > 0; n -= 32 {
			bits.add(1<<min(n, 32)-1, min(n, 32))
		}
	}
	return bits.end()
}

// appendDefinitions appends a 1 for each value, and a 0 for each row without values.
func appendDefinitions(dst []byte, begin uint32, ends []uint32, levels int) []byte {
	bits := newBits(dst, levels)
	for from, i := begin, 0; i < len(ends); i++ {
		n := int(ends[i] - from)
		from = ends[i]
		if n == 0 {
			bits.add(0, 1)
		}
		for ; n > 0; n -= 32 {
			bits.add(1<<min(n, 32)-1, min(n, 32))
		}
	}
	return bits.end()
}

// levelBits packs levels of one bit.
type levelBits struct {
	dst    []byte
	packed uint64
	n      int
	bytes  int // the number of bytes that are not yet appended
}

func newBits(dst []byte, levels int) *levelBits {
	groups := (levels + 7) / 8
	return &levelBits{dst: binary.AppendUvarint(dst, uint64(groups)<<1|1), bytes: groups}
}

// add adds n levels: the lowest n bits of levels. n is 32 at most.
func (b *levelBits) add(levels uint64, n int) {
	b.packed |= levels << b.n
	b.n += n
	if b.n >= 32 {
		b.dst = binary.LittleEndian.AppendUint32(b.dst, uint32(b.packed))
		b.bytes -= 4
		b.packed >>= 32
		b.n -= 32
	}
}

func (b *levelBits) end() []byte {
	for ; b.bytes > 0; b.bytes-- {
		b.dst = append(b.dst, byte(b.packed))
		b.packed >>= 8
	}
	return b.dst
}
