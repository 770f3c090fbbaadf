package line

import (
	"log/slog"
	"sync"
)

// known are all names that a line may have for our fields, and the vendors that have each. The
// table of the vendors is its source.
type known struct {
	list   []string
	scores [maxNames]uint64          // for each name, a 1 in the byte of each of its vendors
	slots  [len(vendors)][keys]uint8 // the place of a vendor's name for a key in the list
	unit   [len(vendors)]unit        // of Duration
	// nested says that Duration stands in a group. Outside of a group a line has our name for it.
	nested [len(vendors)]bool
	time   [len(timeNames)]uint8
	level  [len(levelNames)]uint8
	text   [len(messageNames)]uint8

	// index is a hash table: it has the place of each name in the list, from 1, at the name's hash
	// or behind. A map would take several times as long.
	index [256]uint8
}

// maxNames is the largest number of names.
const maxNames = 96

// The names that zerolog, slog, ECS and Google have for the fields of each line. The first name
// that a line has counts.
var (
	timeNames    = [...]string{"time", "@timestamp", "timestamp"}
	levelNames   = [...]string{"level", "log.level", "severity"}
	messageNames = [...]string{"message", slog.MessageKey}
)

var names = sync.OnceValue(func() *known {
	n := &known{}
	for v := range vendors {
		theirs := NewNames(Vendor(v), "", "", Hex, "")
		n.unit[v], n.nested[v] = theirs.duration, theirs.in(Duration)
		for k := range keys {
			slot := n.slot(theirs.Key(k))
			n.slots[v][k] = slot
			n.scores[slot] |= 1 << (8 * v)
		}
	}
	for i, name := range timeNames {
		n.time[i] = n.slot(name)
	}
	for i, name := range levelNames {
		n.level[i] = n.slot(name)
	}
	for i, name := range messageNames {
		n.text[i] = n.slot(name)
	}
	return n
})

// slot returns the place of a name in the list, and adds a new name.
func (n *known) slot(name string) uint8 {
	if i := n.find(name); i >= 0 {
		return uint8(i)
	}
	if len(n.list) == maxNames {
		panic("line: more names than maxNames")
	}
	n.list = append(n.list, name)
	h := hash(name)
	for n.index[h] != 0 {
		h++
	}
	n.index[h] = uint8(len(n.list))
	return uint8(len(n.list) - 1)
}

// find returns the place of a key in the list; -1: the list lacks it.
func (n *known) find(key string) int {
	if key == "" {
		return -1
	}
	for h := hash(key); n.index[h] != 0; h++ {
		if i := int(n.index[h]) - 1; n.list[i] == key {
			return i
		}
	}
	return -1
}

func hash(key string) uint8 {
	last := len(key) - 1
	return uint8(last)*37 ^ key[0]*11 ^ key[last]*5 ^ key[last/2]*3
}

// vendor returns the vendor with the most names in score.
func (n *known) vendor(score uint64) (best int) {
	most := uint8(score)
	for v := 1; v < len(vendors); v++ {
		if s := uint8(score >> (8 * v)); s > most {
			best, most = v, s
		}
	}
	return best
}
