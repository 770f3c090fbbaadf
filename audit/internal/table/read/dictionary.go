package read

import (
	"bytes"
	"encoding/binary"
	"slices"
	"sort"
)

// dictionary holds the strings of a page in plain encoding, each after its length.
type dictionary struct {
	data   []byte
	starts []uint32 // the offset of the length of each string, and the end of data
}

func parseDictionary(data []byte, n int64) (*dictionary, error) {
	if n > int64(len(data))/4 {
		return nil, errPage
	}
	d := &dictionary{data: data, starts: make([]uint32, 0, n+1)}
	at := uint32(0)
	for range n {
		d.starts = append(d.starts, at)
		rest := data[at:]
		if len(rest) < 4 {
			return nil, errPage
		}
		size := binary.LittleEndian.Uint32(rest)
		if uint64(size) > uint64(len(rest)-4) {
			return nil, errPage
		}
		at += 4 + size
	}
	d.starts = append(d.starts, at)
	d.data = data[:at]
	return d, nil
}

func (d *dictionary) len() int { return len(d.starts) - 1 }

func (d *dictionary) at(id uint32) []byte {
	return d.data[d.starts[id]+4 : d.starts[id+1]]
}

// find returns the ID of value.
func (d *dictionary) find(value string) (id uint32, ok bool) {
	needle := append(binary.LittleEndian.AppendUint32(nil, uint32(len(value))), value...)
	for from := 0; ; {
		i := bytes.Index(d.data[from:], needle)
		if i < 0 {
			return 0, false
		}
		at := uint32(from + i)
		id := sort.Search(d.len(), func(i int) bool { return d.starts[i] >= at })
		// The needle, which is a length and the value, may also be a part of another string.
		if id < d.len() && d.starts[id] == at {
			return uint32(id), true
		}
		from += i + 1
	}
}

// findAll returns the IDs of the values that are in d.
func (d *dictionary) findAll(values []string) map[uint32]bool {
	ids := map[uint32]bool{}
	if len(values) <= 3 {
		for _, value := range values {
			if id, ok := d.find(value); ok {
				ids[id] = true
			}
		}
		return ids
	}
	wanted := make(map[string]bool, len(values))
	lengths := make([]int, 0, len(values))
	for _, value := range values {
		wanted[value] = true
		lengths = append(lengths, len(value))
	}
	sort.Ints(lengths)
	lengths = slices.Compact(lengths)
	for id := range uint32(d.len()) {
		s := d.at(id)
		if slices.Contains(lengths, len(s)) && wanted[string(s)] {
			ids[id] = true
		}
	}
	return ids
}
