package table

import (
	"encoding/binary"
	"hash/maphash"
)

// dictionary holds the distinct strings of a column in a row group, in the order of their first
// appearance.
type dictionary struct {
	plain []byte   // in Parquet's PLAIN encoding: each string after its length in 4 bytes
	at    []uint32 // the offset of each string in plain, after its length
	slots []uint64 // a hash table: 32 bits of the hash, and the string's index plus 1; 0: a free slot
	seen  []uint32 // for each string, the number of the last page that contains it, plus 1
	seed  maphash.Seed
}

func newDictionary() *dictionary {
	// The seed is random because clients choose the strings: many strings with the same hash would
	// make packing slow. The files do not depend on the seed.
	return &dictionary{slots: make([]uint64, 256), seed: maphash.MakeSeed()}
}

// index returns the index of s, and adds s if it is new.
func (d *dictionary) index(s []byte) uint32 {
	hash := maphash.Bytes(d.seed, s)
	mask := uint64(len(d.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		slot := d.slots[i]
		if slot == 0 {
			d.slots[i] = hash&^0xffffffff | uint64(len(d.at)+1)
			d.add(s)
			if len(d.at)*2 > len(d.slots) {
				d.grow()
			}
			return uint32(len(d.at) - 1)
		}
		if n := uint32(slot) - 1; slot>>32 == hash>>32 && string(d.get(n)) == string(s) {
			return n
		}
	}
}

// add adds s. It does not check whether d already contains s.
func (d *dictionary) add(s []byte) {
	d.plain = binary.LittleEndian.AppendUint32(d.plain, uint32(len(s)))
	d.at = append(d.at, uint32(len(d.plain)))
	d.plain = append(d.plain, s...)
}

// get returns the string with the index n.
func (d *dictionary) get(n uint32) []byte {
	at := d.at[n]
	return d.plain[at : at+binary.LittleEndian.Uint32(d.plain[at-4:])]
}

// grow doubles the slots. A slot contains only the upper half of the hash. The position of a
// string depends on the lower half, so grow computes the hash again.
func (d *dictionary) grow() {
	old := d.slots
	d.slots = make([]uint64, 2*len(old))
	mask := uint64(len(d.slots) - 1)
	for _, slot := range old {
		if slot == 0 {
			continue
		}
		i := maphash.Bytes(d.seed, d.get(uint32(slot)-1)) & mask
		for d.slots[i] != 0 {
			i = (i + 1) & mask
		}
		d.slots[i] = slot
	}
}

// reset empties d, and keeps its memory.
func (d *dictionary) reset() {
	clear(d.slots)
	d.plain, d.at, d.seen = d.plain[:0], d.at[:0], d.seen[:0]
}

// bounds returns the least and the greatest string of a page. The argument indexes contains the
// indexes of the page's strings. bounds compares each string once, even if the string occurs often
// in the page.
func (d *dictionary) bounds(indexes []uint32, page int) (least, greatest []byte) {
	for len(d.seen) < len(d.at) {
		d.seen = append(d.seen, 0)
	}
	mark, first := uint32(page+1), true
	for _, n := range indexes {
		if d.seen[n] == mark {
			continue
		}
		d.seen[n] = mark
		s := d.get(n)
		if first {
			least, greatest, first = s, s, false
		} else if string(s) < string(least) {
			least = s
		} else if string(s) > string(greatest) {
			greatest = s
		}
	}
	return least, greatest
}
