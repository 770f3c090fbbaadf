package batch

import (
	"hash/maphash"
	"maps"
	"math/bits"
	"slices"

	"example.com/clew/audit/internal/segment"
)

// maxMessages is the largest number of distinct messages of an app. If an app has more, its
// messages cannot be constants.
const maxMessages = 10_000

// estimate is a cheap test of whether there may be more than maxMessages distinct messages. Each
// message sets one of 65,536 bits. 10,000 messages set 9,276 bits, plus or minus 25. Only if more
// than 9,000 bits are set, ManyMessages counts the messages.
type estimate struct {
	bits [1 << 10]uint64
}

const enoughBits = 9000

var messageSeed = maphash.MakeSeed()

func (e *estimate) add(message []byte) {
	n := maphash.Bytes(messageSeed, message)
	e.bits[n>>6&(1<<10-1)] |= 1 << (n & 63)
}

func (e *estimate) many() bool {
	n := 0
	for _, some := range e.bits {
		n += bits.OnesCount64(some)
	}
	return n > enoughBits
}

// ManyMessages returns the sorted apps that have more than 10,000 distinct messages. Records
// without an app belong to the argument app.
func (b *Batch) ManyMessages(data []byte, app string) (apps []string) {
	if !b.distinct.many() {
		return nil
	}
	distinct := map[string]map[uint64]bool{}
	for _, at := range b.order.records {
		r, _, _ := segment.Next(data[at:])
		name := r.App
		if name == nil {
			name = []byte(app)
		}
		all := distinct[string(name)]
		if all == nil {
			all = map[uint64]bool{}
			distinct[string(name)] = all
		}
		if len(all) <= maxMessages {
			all[maphash.Bytes(messageSeed, r.Message)] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(distinct)) {
		if len(distinct[name]) > maxMessages {
			apps = append(apps, name)
		}
	}
	return apps
}
