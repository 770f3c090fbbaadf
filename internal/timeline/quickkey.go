package timeline

import (
	"encoding/binary"
	"log/slog"
	"strings"
	"sync"

	"example.com/clew/internal/line"
)

// ourKeys returns our own keys, and the keys that vendors have for the same fields. The vendors'
// keys include names of groups, and names without their group.
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

// A quickKey is what the method quick knows about a key.
type quickKey struct {
	key     string
	head    string // the beginning of a field: the key in quotes, and the colon
	part    part
	theirs  bool // the key is not ours: we have another name for the part
	datadog bool
	next    *quickKey // the key that followed this key most recently; nil: none
	other   *quickKey // the key that followed before that, because requests and calls alternate

	known   bool   // its value is a time or an ID, which the method quickLine.known tries to read
	want    []byte // the expected beginning of the field: head, or all of same
	first   uint64 // the first eight bytes of want; mask is zero for bytes that want lacks
	last    uint64 // the last eight bytes of want, if it has more than eight
	mask    uint64
	same    [48]byte // the last field with this key, with the comma behind it
	from    uint16   // the value is same[from:until]
	until   uint16   // 0: no value is remembered
	text    bool     // the value is a text
	changes uint8    // roughly how often the value changed, minus how often it stayed the same
}

// mostChanges is the number of changes at which a field is no longer remembered.
const mostChanges = 16

// follower returns the key of a field, if that key has followed k in an earlier line; nil: it has
// not. The result same reports whether the field has the remembered value.
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

// begins reports whether a field has the key k, and the remembered value if there is one.
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

// wants sets the bytes that k.begins expects at the beginning of later fields.
func (k *quickKey) wants(field []byte) {
	var first [8]byte
	copy(first[:], field)
	k.want, k.first, k.mask = field, binary.LittleEndian.Uint64(first[:]), 1<<(8*min(len(field), 8))-1
	if len(field) > 8 {
		k.last = binary.LittleEndian.Uint64(field[len(field)-8:])
	}
}

// changed reports whether a field has the key k. If it does, changed forgets the remembered value,
// because the field has another one.
func (k *quickKey) changed(field []byte) bool {
	if len(field) < len(k.head)+2 || string(field[:len(k.head)]) != k.head {
		return false
	}
	k.wants(k.same[:len(k.head)])
	k.until = 0
	return true
}

// remember keeps a field, to recognize it in later lines. The field begins at index i of its line.
// A field that has changed too often is not kept.
func (k *quickKey) remember(field []byte, v *value, i int) {
	if k.theirs || k.changes == mostChanges || len(field) > len(k.same) {
		return
	}
	k.changes++
	k.wants(k.same[:copy(k.same[:], field)])
	k.from, k.until, k.text = v.start-uint16(i), v.end-uint16(i), v.text
}

// quickTries is the number of slots of quickKeys in which a key may be.
const quickTries = 4

// quickKeys is a hash table of the keys that were read last.
type quickKeys [256]quickKey

// part returns the quickKey of a key. It makes one if the key is new.
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
	if i == first+quickTries { // other keys are in all slots: replace the first
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

// partOf returns a quickKey with the part of a key. The part is partOther if the meaning of the
// key depends on its value or on another field.
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
