package batch

import (
	"cmp"
	"encoding/binary"
	"iter"
	"math/bits"
	"math/rand/v2"
	"slices"
	"time"

	"example.com/clew/audit/internal/segment"
)

// order sorts records by partition, trace ID and time.
//
// The records of a trace are not next to each other, but they are few, and mostly in the order of
// time. So a hash table groups the records by partition and trace, and only the groups are sorted.
// There are a tenth as many groups as records.
type order struct {
	records []uint32 // the offset of each record
	groupOf []uint32 // the group of each record
	groups  []group
	slots   []uint64 // a hash table: 32 bits of the hash, and the group's index plus 1; 0: a free slot
	seed    [2]uint64

	sorted []uint32 // the offset of each record, in order
	rank   []uint32 // the groups, in order
}

// group describes the records of one trace in one partition.
type group struct {
	partition int64
	high, low uint64 // the trace ID
	width     int    // the length of the trace ID in bytes
	last      int64  // the time of the last record
	mixed     bool   // the records are not in the order of time
	count     uint32
	at        uint32 // the index in sorted of the group's next record
}

func newOrder() *order {
	return &order{slots: make([]uint64, 1<<12), seed: [2]uint64{rand.Uint64(), rand.Uint64()}}
}

func (o *order) reset() {
	o.records, o.groupOf, o.groups = o.records[:0], o.groupOf[:0], o.groups[:0]
	clear(o.slots)
}

// add adds the record r, which begins at the offset at.
func (o *order) add(at uint32, r *segment.Record) {
	n := o.group(r)
	g := &o.groups[n]
	g.mixed = g.mixed || r.Time < g.last
	g.last = r.Time
	g.count++
	o.records = append(o.records, at)
	o.groupOf = append(o.groupOf, n)
}

// group returns the index of the group of r. It adds the group if there is none.
func (o *order) group(r *segment.Record) uint32 {
	want := group{partition: partition(r.Time), width: len(r.TraceID), last: r.Time}
	var id [16]byte
	copy(id[:], r.TraceID)
	want.high, want.low = binary.BigEndian.Uint64(id[:]), binary.BigEndian.Uint64(id[8:])
	hash := o.hash(&want)
	slot := o.find(hash, &want)
	if *slot == 0 {
		o.groups = append(o.groups, want)
		*slot = hash&^0xffffffff | uint64(len(o.groups))
		if len(o.groups)*2 > len(o.slots) {
			o.grow()
		}
		return uint32(len(o.groups) - 1)
	}
	return uint32(*slot) - 1
}

// find returns the slot of the group want, or a free slot if the table does not have the group.
func (o *order) find(hash uint64, want *group) *uint64 {
	mask := uint64(len(o.slots) - 1)
	for i := hash & mask; ; i = (i + 1) & mask {
		slot := &o.slots[i]
		if *slot == 0 || *slot>>32 == hash>>32 && o.groups[uint32(*slot)-1].same(want) {
			return slot
		}
	}
}

func (o *order) grow() {
	o.slots = make([]uint64, 2*len(o.slots))
	for i := range o.groups {
		hash := o.hash(&o.groups[i])
		*o.find(hash, &o.groups[i]) = hash&^0xffffffff | uint64(i+1)
	}
}

// hash is seeded because clients choose trace IDs: many IDs with the same hash would make packing
// slow.
func (o *order) hash(g *group) uint64 {
	high, low := bits.Mul64(g.high^o.seed[0], g.low^uint64(g.width)^o.seed[1])
	high, low = bits.Mul64(high^low^o.seed[0], uint64(g.partition)^o.seed[1])
	return high ^ low
}

func (g *group) same(h *group) bool {
	return g.high == h.high && g.low == h.low && g.width == h.width && g.partition == h.partition
}

// compare compares two groups by partition, and then by the texts of their trace IDs. An ID of 16
// digits comes before an ID of 32 digits that begins with the same 16 digits.
func (g *group) compare(h *group) int {
	switch {
	case g.partition != h.partition:
		return cmp.Compare(g.partition, h.partition)
	case g.high != h.high && g.width > 0 && h.width > 0:
		return cmp.Compare(g.high, h.high)
	case g.width != h.width:
		return cmp.Compare(g.width, h.width)
	default:
		return cmp.Compare(g.low, h.low)
	}
}

// sort sorts the records into o.sorted. Records of a trace with the same time stay in the order in
// which they were logged.
func (o *order) sort(data []byte) {
	o.rank = o.rank[:0]
	for i := range o.groups {
		o.rank = append(o.rank, uint32(i))
	}
	slices.SortFunc(o.rank, func(a, b uint32) int { return o.groups[a].compare(&o.groups[b]) })
	at := uint32(0)
	for _, n := range o.rank {
		g := &o.groups[n]
		g.at = at
		at += g.count
	}
	o.sorted = slices.Grow(o.sorted[:0], len(o.records))[:len(o.records)]
	for i, n := range o.groupOf {
		g := &o.groups[n]
		o.sorted[g.at] = o.records[i]
		g.at++
	}
	for i := range o.groups {
		if g := &o.groups[i]; g.mixed {
			slices.SortStableFunc(o.sorted[g.at-g.count:g.at], func(a, b uint32) int {
				return cmp.Compare(segment.TimeAt(data, a), segment.TimeAt(data, b))
			})
		}
	}
}

// partitions yields the records of each partition, in order.
func (o *order) partitions() iter.Seq2[time.Time, []uint32] {
	return func(yield func(time.Time, []uint32) bool) {
		begin := uint32(0)
		for i, n := range o.rank {
			g := &o.groups[n]
			if i+1 < len(o.rank) && o.groups[o.rank[i+1]].partition == g.partition {
				continue
			}
			if !yield(time.UnixMicro(g.partition*span), o.sorted[begin:g.at]) {
				return
			}
			begin = g.at
		}
	}
}

// Span is the time that a partition covers. It is equal to lake.PartitionSpan, which this package
// cannot import.
const Span = 5 * time.Minute

const span = int64(Span / time.Microsecond)

// first and last are the first and the last partition. As in lake.Partition, they also contain all
// times before the year 1 and after the year 9999.
var (
	first = floor(time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro())
	last  = floor(time.Date(9999, 12, 31, 23, 59, 0, 0, time.UTC).UnixMicro())
)

// partition returns the number of the partition that contains a time. Each partition covers five
// minutes, and number 0 begins in 1970.
func partition(us int64) int64 { return min(max(floor(us), first), last) }

func floor(us int64) int64 {
	n := us / span
	if us%span < 0 {
		n--
	}
	return n
}
