package timeline

import (
	"encoding/binary"
	"log/slog"
	"strings"
	"sync"

	"example.com/clew/internal/line"
)

// ourKeys returns our own keys, and the keys that vendors have for the same fields. The latter
// include names of groups, and names without their group.
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

// A quickKey is the knowledge of quick about a key.
type quickKey struct {
	key     string
	head    string // the beginning of a field: the key in quotes, and the colon
	part    part
	theirs  bool // we have another name for the part
	datadog bool
	next    *quickKey // the key behind this one when it was met last; nil: none
	other   *quickKey // the key behind it before that, for lines of requests and calls in turn

	known   bool   // it is a time or an ID, which mostly have one form
	want    []byte // the expected bytes of its field: head, or all of same
	first   uint64 // the first eight bytes of want, as far as mask goes
	last    uint64 // the last eight bytes, if there are more
	mask    uint64
	same    [48]byte // the field as it was last, with the comma behind it
	from    uint16   // the place of the value in same
	until   uint16   // 0: no value is remembered
	text    bool     // the value is a text
	changes uint8    // roughly the number of changes, less the number of times it stayed the same
}

// mostChanges is the number of changes from which on a field is not remembered.
const mostChanges = 16

// follower returns the key of a field if the key has come behind k before. It also tells whether
// the field has the remembered value. Nil: the key is another.
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

// begins tells whether a field has the key k, and the remembered value if there is one.
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

// wants sets the bytes that begins compares.
func (k *quickKey) wants(field []byte) {
	var first [8]byte
	copy(first[:], field)
	k.want, k.first, k.mask = field, binary.LittleEndian.Uint64(first[:]), 1<<(8*min(len(field), 8))-1
	if len(field) > 8 {
		k.last = binary.LittleEndian.Uint64(field[len(field)-8:])
	}
}

// changed tells whether a field has the key k with a new value, and forgets the old value then.
func (k *quickKey) changed(field []byte) bool {
	if len(field) < len(k.head)+2 || string(field[:len(k.head)]) != k.head {
		return false
	}
	k.wants(k.same[:len(k.head)])
	k.until = 0
	return true
}

// remember keeps a field at place i of its line, to recognize it later. A field that has changed
// too often is not kept.
func (k *quickKey) remember(field []byte, v *value, i int) {
	if k.theirs || k.changes == mostChanges || len(field) > len(k.same) {
		return
	}
	k.changes++
	k.wants(k.same[:copy(k.same[:], field)])
	k.from, k.until, k.text = v.start-uint16(i), v.end-uint16(i), v.text
}

// quickTries is the number of places that a key may have.
const quickTries = 4

// quickKeys are the keys that were met last.
type quickKeys [256]quickKey

// part returns the knowledge about a key.
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
	if i == first+quickTries { // other keys have all places: the first makes way
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

// partOf finds out what a key is. Parse must read a line with a key whose meaning depends on its
// value or on another field.
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
