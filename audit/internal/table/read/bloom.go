package read

import (
	"slices"

	"github.com/parquet-go/parquet-go/bloom"
	"github.com/parquet-go/parquet-go/bloom/xxhash"
)

// bloomHead is the number of bytes that are read to get the header of a Bloom filter.
const bloomHead = 32

// bloomAny reports whether a column may contain one of the values. A column without a filter may
// contain any value.
func (s *search) bloomAny(column int, values []string) (bool, error) {
	c := &s.chunks[column]
	if c.bloom == 0 {
		return true, nil
	}
	p, err := s.file.read(c.bloom, min(bloomHead, s.file.size-c.bloom))
	if err != nil {
		return false, err
	}
	at, size, err := parseBloom(p)
	if err != nil || size == 0 {
		return size == 0, err
	}
	at += c.bloom
	if !(span{at, size}).inside(s.file.size) {
		return false, errIndex
	}
	for _, value := range values {
		hash := xxhash.Sum64([]byte(value))
		block, err := s.file.read(at+bloom.BlockSize*int64((hash>>32)*uint64(size/bloom.BlockSize)>>32), bloom.BlockSize)
		if err != nil {
			return false, err
		}
		if bloom.MakeSplitBlockFilter(slices.Clone(block))[0].Check(uint32(hash)) {
			return true, nil
		}
	}
	return false, nil
}

// parseBloom reads the header of a filter. It returns the offset of the filter's bits, which
// follow the header, and their size in bytes. The size is 0 for an unknown kind of filter, which
// is not used.
func parseBloom(p []byte) (at, size int64, err error) {
	c := &compact{p: p}
	known := 0
	c.fields(func(id int, kind byte) bool {
		switch {
		case id == 1 && kind == kindI32:
			size = c.int()
		case id >= 2 && id <= 4 && kind == kindStruct:
			c.fields(func(member int, _ byte) bool {
				if member == 1 { // split blocks, XXH64, and no compression
					known++
				}
				return false
			})
		default:
			return false
		}
		return true
	})
	if c.bad || size < bloom.BlockSize || size%bloom.BlockSize != 0 {
		return 0, 0, errIndex
	}
	if known != 3 {
		return 0, 0, nil
	}
	return int64(len(p) - len(c.p)), size, nil
}
