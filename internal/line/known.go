package line

import (
	"log/slog"
	"sync"
)

// known are all names that a line may have for what we look for, and which of them is whose. It is
// made from the table of the vendors.
type known struct {
	list   []string
	scores [maxNames]uint64          // for each name, a 1 in the byte of each vendor that has it
	slots  [len(vendors)][keys]uint8 // where in the list a vendor's name for a key is
	unit   [len(vendors)]unit        // of Duration
	nested [len(vendors)]bool        // Duration stands in a group, so that what has no group has ours
	time   [len(timeNames)]uint8
	level  [len(levelNames)]uint8
	text   [len(messageNames)]uint8

	// index finds a name in the list, from 1, by its hash and then onwards. A map would take
	// several times as long.
	index [256]uint8
}

// maxNames is how many names there may be.
const maxNames = 96

// The names that zerolog, slog, ECS and Google have for the fields of each line. The first that is
// there counts.
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

// slot returns where in the list name is, and puts it there first if need be.
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

// find returns where in the list key is; -1: it is not there.
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

// vendor returns the one that has most of the names in score.
func (n *known) vendor(score uint64) (best int) {
	most := uint8(score)
	for v := 1; v < len(vendors); v++ {
		if s := uint8(score >> (8 * v)); s > most {
			best, most = v, s
		}
	}
	return best
}
