package line

import (
	"log/slog"
	"sync"
)

// known contains all names that our fields can have in a line, and the vendors that use each name.
// It is computed from the table vendors.
type known struct {
	list   []string
	scores [maxNames]uint64          // each name has a 1 in the byte of each vendor that uses the name
	slots  [len(vendors)][keys]uint8 // for each vendor and key, the index of the name in list
	unit   [len(vendors)]unit        // the unit of Duration
	// nested says that the vendor has Duration in a group. A line without the group has Duration
	// under our own name.
	nested [len(vendors)]bool
	time   [len(timeNames)]uint8
	level  [len(levelNames)]uint8
	text   [len(messageNames)]uint8

	// index is a hash table. It contains the index of each name in list, plus one, at the name's
	// hash or at the next free place after it. A map would take several times as long.
	index [256]uint8
}

// maxNames is the largest number of names.
const maxNames = 96

// These are the names that zerolog, slog, ECS and Google have for the time, the level and the
// message of a line. For the time and for the level, Parse tries the names in this order. The
// method message chooses between the names for the message.
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

// slot returns the index of a name in list. It adds the name if it is new.
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

// find returns the index of a key in list, or -1 if list does not contain the key.
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

// vendor returns the vendor that has the most names in a line. The argument score has a byte for
// each vendor, with the number of the vendor's names in the line.
func (n *known) vendor(score uint64) (best int) {
	most := uint8(score)
	for v := 1; v < len(vendors); v++ {
		if s := uint8(score >> (8 * v)); s > most {
			best, most = v, s
		}
	}
	return best
}
