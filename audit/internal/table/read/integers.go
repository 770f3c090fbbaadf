package read

import "encoding/binary"

// hybrid decodes n numbers that have width bits each, and appends them to dst. The encoding is a
// mix of two kinds of runs: runs of one repeated number, and runs of packed numbers.
func hybrid(dst []uint32, p []byte, width uint, n int) ([]uint32, error) {
	if width > 32 {
		return nil, errPage
	}
	end := len(dst) + n
	for len(dst) < end {
		head, size := binary.Uvarint(p)
		if size <= 0 {
			return nil, errPage
		}
		p = p[size:]
		left := end - len(dst)
		if head&1 == 0 {
			bytes := int(width+7) / 8
			if len(p) < bytes || head == 0 {
				return nil, errPage
			}
			dst = repeat(dst, littleEndian(p[:bytes]), int(min(head>>1, uint64(left))))
			p = p[bytes:]
			continue
		}
		count := int(min(head>>1, maxValues)) * 8
		used := count / 8 * int(width)
		if used > len(p) || count == 0 {
			return nil, errPage
		}
		dst = unpackBits(dst, p[:used], width, min(count, left))
		p = p[used:]
	}
	return dst, nil
}

func repeat(dst []uint32, value uint32, n int) []uint32 {
	for range n {
		dst = append(dst, value)
	}
	return dst
}

func littleEndian(p []byte) (n uint32) {
	for i, b := range p {
		n |= uint32(b) << (8 * i)
	}
	return n
}

// unpackBits decodes n packed numbers that have width bits each, and appends them to dst. All bits
// are in p.
func unpackBits(dst []uint32, p []byte, width uint, n int) []uint32 {
	mask := uint64(1)<<width - 1
	bit := uint(0)
	i := 0
	for ; i < n && bit/8+8 <= uint(len(p)); i++ {
		dst = append(dst, uint32(binary.LittleEndian.Uint64(p[bit/8:])>>(bit%8)&mask))
		bit += width
	}
	for ; i < n; i++ {
		var last [8]byte
		copy(last[:], p[bit/8:])
		dst = append(dst, uint32(binary.LittleEndian.Uint64(last[:])>>(bit%8)&mask))
		bit += width
	}
	return dst
}

// deltas decodes n integers in Parquet's encoding DELTA_BINARY_PACKED.
func deltas(p []byte, n int) ([]int64, error) {
	c := &compact{p: p}
	block, minis, total, first := c.uvarint(), c.uvarint(), c.uvarint(), c.int()
	if c.bad || total != uint64(n) || minis == 0 || minis > 1<<10 || block > 1<<20 || block%(minis*8) != 0 || block == 0 {
		return nil, errPage
	}
	mini := int(block / minis)
	values := make([]int64, 0, n)
	if n > 0 {
		values = append(values, first)
	}
	for len(values) < n {
		least := c.int()
		if uint64(len(c.p)) < minis {
			return nil, errPage
		}
		widths := c.p[:minis]
		c.p = c.p[minis:]
		for _, width := range widths {
			if len(values) == n {
				break
			}
			used := mini / 8 * int(width)
			if width > 64 || used > len(c.p) {
				return nil, errPage
			}
			values = addDeltas(values, c.p[:used], uint(width), least, min(mini, n-len(values)))
			c.p = c.p[used:]
		}
	}
	return values, nil
}

func addDeltas(values []int64, p []byte, width uint, least int64, n int) []int64 {
	last := values[len(values)-1]
	for i := range uint(n) {
		last += least + int64(bits64(p, i*width, width))
		values = append(values, last)
	}
	return values
}

// bits64 returns a number that is packed in p. The argument bit is the offset of the number's
// first bit, and width is its length in bits, 64 at most.
func bits64(p []byte, bit, width uint) uint64 {
	if width == 0 {
		return 0
	}
	var window [16]byte
	copy(window[:], p[bit/8:])
	low := binary.LittleEndian.Uint64(window[:]) >> (bit % 8)
	if shift := bit % 8; shift > 0 {
		low |= binary.LittleEndian.Uint64(window[8:]) << (64 - shift)
	}
	if width == 64 {
		return low
	}
	return low & (1<<width - 1)
}
