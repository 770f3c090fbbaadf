package timeline

import (
	"encoding/binary"
	"log/slog"
	"strings"
	"sync"

	"example.com/clew/internal/line"
)

// ourKeys returns our own keys, and those that vendors have for the same, without their groups
// too.
var ourKeys = sync.OnceValues(func() (ours map[string]part, others map[string]bool) {
	ours, others = map[string]part{}, map[string]bool{}
	for k := line.TraceID; k <= line.ClientGone; k++ {
		ours[line.Default.Key(k)] = part(k)
	}
	for v := line.Datadog; v <= line.Logback; v++ {
		theirs := line.NewNames(v, "", "", line.Hex, "")
		for k := line.TraceID; k <= line.ClientGone; k++ {
			key := theirs.Key(k)
			head, _, _ := strings.Cut(key, ".")
			for _, name := range []string{key, head, theirs.Top(k)} {
				if _, mine := ours[name]; !mine {
					others[name] = true
				}
			}
		}
	}
	ours[slog.TimeKey], ours[slog.LevelKey], ours[slog.MessageKey] = partTime, partLevel, partMsg
	ours["message"] = partMessage
	return ours, others
})

// A quickKey is what quick has found out about a key.
type quickKey struct {
	key     string
	head    string // of a field: the key in quotes, and the colon
	part    part
	theirs  bool // the part has another name with us
	datadog bool
	next    *quickKey // that followed when the key was met last; nil: none did
	other   *quickKey // that followed before: the lines of requests and calls take turns

	known   bool   // it is a time or an ID, whose form most lines have
	want    []byte // what its field begins with: head, or all of same
	first   uint64 // eight bytes of want, as far as mask goes
	last    uint64 // the last eight, where there are more
	mask    uint64
	same    [48]byte // the field as it was last, with the comma behind it
	from    uint16   // where the value stands in same
	until   uint16   // 0: nothing is remembered
	text    bool     // the value is one
	changes uint8    // how often more it has changed than stayed the same, about
}

// mostChanges is how many of a field's changes are remembered.
const mostChanges = 16

// follower returns the key of a field, if it is one of those that have followed k, and tells
// whether it has the value that is remembered. Nil: it is another.
func (k *quickKey) follower(field []byte) (next *quickKey, same bool) {
	if next = k.next; next == nil {
		return nil, false
	}
	if next.begins(field) {
		return next, next.until > 0
	}
	if next.until > 0 && next.changed(field) {
		return next, false
	}
	if next = k.other; next == nil {
		return nil, false
	}
	if next.begins(field) {
		return next, next.until > 0
	}
	if next.until > 0 && next.changed(field) {
		return next, false
	}
	return nil, false
}

// begins tells whether a field is that of k, with the value that is remembered if there is one.
func (k *quickKey) begins(field []byte) bool {
	n := len(k.want)
	if len(field) < n+8 {
		return len(field) > n+1 && string(field[:n]) == string(k.want)
	}
	if (binary.LittleEndian.Uint64(field)^k.first)&k.mask != 0 {
		return false
	}
	return n <= 8 || binary.LittleEndian.Uint64(field[n-8:]) == k.last && (n <= 16 || string(field[8:n-8]) == string(k.want[8:n-8]))
}

// wants makes begins look for what a field begins with.
func (k *quickKey) wants(field []byte) {
	var first [8]byte
	copy(first[:], field)
	k.want, k.first, k.mask = field, binary.LittleEndian.Uint64(first[:]), 1<<(8*min(len(field), 8))-1
	if len(field) > 8 {
		k.last = binary.LittleEndian.Uint64(field[len(field)-8:])
	}
}

// changed tells whether a field is that of k with another value than before, and forgets that.
func (k *quickKey) changed(field []byte) bool {
	if len(field) < len(k.head)+2 || string(field[:len(k.head)]) != k.head {
		return false
	}
	k.wants(k.same[:len(k.head)])
	k.until = 0
	return true
}

// remember remembers a field, which began at i of its line, to know it when it comes again. One
// that has changed too often is not remembered.
func (k *quickKey) remember(field []byte, v *value, i int) {
	if k.theirs || k.changes == mostChanges || len(field) > len(k.same) {
		return
	}
	k.changes++
	k.wants(k.same[:copy(k.same[:], field)])
	k.from, k.until, k.text = v.start-uint16(i), v.end-uint16(i), v.text
}

// quickTries is in how many places a key may be.
const quickTries = 4

// quickKeys are the keys that were met last.
type quickKeys [256]quickKey

// part returns what a key is.
func (p *Parser) part(key []byte) *quickKey {
	if len(key) == 0 || len(key) > maxKey {
		return &otherKey
	}
	first := uint8(len(key)*37) ^ key[0]*11 ^ key[len(key)-1]*5 ^ key[len(key)/2]*3
	i := first
	for ; i != first+quickTries && p.quickKeys[i].key != ""; i++ {
		if p.quickKeys[i].key == string(key) {
			return &p.quickKeys[i]
		}
	}
	if i == first+quickTries { // all are others': the first makes way
		i = first
	}
	p.quickKeys[i] = p.partOf(string(key))
	k := &p.quickKeys[i]
	k.head = `"` + k.key + `":`
	k.wants([]byte(k.head))
	switch k.part {
	case partTime, part(line.TraceID), part(line.SpanID), part(line.ParentID), part(line.CallerParentID):
		k.known = true
	}
	return k
}

var otherKey = quickKey{part: partOther}

// partOf returns what a key is. A line that has a key whose meaning its value decides, or another
// field, is left to Parse.
func (p *Parser) partOf(key string) quickKey {
	ours, others := ourKeys()
	c := p.names.claim(key)
	k := quickKey{key: key, part: partIgnored, theirs: true, datadog: c.datadog}
	if p.names.custom && c.role != roleNone {
		k.part = partOther
		return k
	}
	if part, ok := ours[key]; ok {
		return quickKey{key: key, part: part}
	}
	place, isPlace := placeKeys[key]
	switch {
	case c.role == roleNone && others[key]:
		k.part = partVendor
	case isPlace && c.role == roleNone:
		k.part = place
	case key == "name":
		k.part = partName
	case key == "hostname":
		k.part = partHost
	case c.role == roleNone, c.role == roleMessage:
	case c.weak, strings.HasSuffix(key, "econd"), strings.HasSuffix(key, ".seconds"):
		k.part = partOther
	default:
		k.part = roleParts[c.role]
	}
	return k
}
