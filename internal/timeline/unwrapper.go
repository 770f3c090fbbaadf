package timeline

import (
	"bytes"
	"math/bits"
	"strings"
	"time"
)

// maxWrappers is how many wrappers are taken off a line, one in another.
const maxWrappers = 4

// unwrapper takes off what log shippers put around a line. It has the line at hand: each wrapper
// that is taken off changes it.
type unwrapper struct {
	reference time.Time
	services  nameTable
	merged    [maxWrappers]fieldMerger
	copied    []byte
	depth     int // of wrappers that are off

	text    []byte
	time    time.Time
	service string
	which   string // of the service's instances
	stream  byte   // which of a container's streams the line is from; 0: not known
	partial bool   // the line goes on with the next one of its stream
}

// wrappers are all that is taken off, by what a line begins with. A line is a wrapper's by what it
// is, never by what a flag says or the lines before it were: sources are mixed. Each function
// takes one wrapper off, and returns false for a line that is none, or only looks like one, which
// it leaves as it is.
var wrappers = [...]struct {
	name  string
	first string   // the bytes that a line of it may begin with
	keys  []string // of an object instead: what its first key may begin with
	off   func(*unwrapper) bool
}{
	{"docker", "", []string{"log", "stream"}, (*unwrapper).docker},
	{"journald", "", strings.Split("_"+upperLetters, ""), (*unwrapper).journald},
	{"stern json", "", []string{"message", "namespace", "pod"}, (*unwrapper).sternJSON},
	{"logcli", "", []string{"labels", "line"}, (*unwrapper).logcli},
	{"gcloud", "", gcloudFirst[:], (*unwrapper).gcloud},
	{"cri", asciiDigits, nil, (*unwrapper).cri},
	{"syslog", "<" + asciiDigits + asciiLetters, nil, (*unwrapper).syslog},
	{"stamp", asciiDigits + escapeByte, nil, (*unwrapper).stamped},
	{"kubectl", "[", nil, (*unwrapper).kubectl},
	{"compose", escapeByte + asciiDigits + asciiLetters, nil, (*unwrapper).compose},
	{"stern", escapeByte + asciiDigits + asciiLetters, nil, (*unwrapper).stern},
}

const (
	asciiDigits  = "0123456789"
	upperLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	asciiLetters = upperLetters + "abcdefghijklmnopqrstuvwxyz"
	escapeByte   = "\x1B"
)

// wrappersByFirst has a bit for each wrapper that may begin with a byte. wrappersByKey have one for
// each whose first key may have a byte in the first, the second and the third place: "level" and
// "time" are nobody's.
var wrappersByFirst, wrappersByKey = wrapperTables()

func wrapperTables() (first [256]uint16, key [3][256]uint16) {
	for i, w := range wrappers {
		for _, c := range []byte(w.first) {
			first[c] |= 1 << i
		}
		for _, k := range w.keys {
			for place := range key {
				for c := range 256 {
					if place >= len(k) || k[place] == byte(c) {
						key[place][c] |= 1 << i
					}
				}
			}
		}
	}
	return first, key
}

// mayBe returns a bit for each wrapper that text may have.
func mayBe(text []byte) uint16 {
	if len(text) == 0 {
		return 0
	}
	if text[0] != '{' {
		return wrappersByFirst[text[0]]
	}
	i := 1
	for i < len(text) && isJSONSpace(text[i]) {
		i++
	}
	if i+3 >= len(text) || text[i] != '"' {
		return 0 // with so short a key it has nothing in it
	}
	return wrappersByKey[0][text[i+1]] & wrappersByKey[1][text[i+2]] & wrappersByKey[2][text[i+3]]
}

// begin takes a line at hand.
func (u *unwrapper) begin(text []byte) {
	u.text, u.time, u.service, u.which, u.stream, u.depth = text, time.Time{}, "", "", 0, 0
	u.partial = false
}

// next takes the next wrapper off, and reports whether there was one.
func (u *unwrapper) next() bool {
	u.partial, u.stream = false, 0
	if u.depth == maxWrappers {
		return false
	}
	for may := mayBe(u.text); may != 0; may &= may - 1 { // without its last bit
		if wrappers[bits.TrailingZeros16(may)].off(u) {
			u.depth++
			return true
		}
	}
	return false
}

// from says which service the line is from, if name is not empty. A wrapper within knows better.
func (u *unwrapper) from(name []byte) {
	if len(name) > 0 {
		u.service = u.services.of(name)
	}
}

// instance says which of the service's instances the line is from.
func (u *unwrapper) instance(name []byte) { u.which = u.services.of(name) }

// at says when the line was written, if value is a text that is a time.
func (u *unwrapper) at(value []byte) bool {
	if !isJSONText(value) {
		return false
	}
	at, ok := wholeTime(value[1:len(value)-1], u.reference.Location())
	if ok {
		u.time = at
	}
	return ok
}

// merge adds the IDs to the line that it does not have.
func (u *unwrapper) merge(ids *idMembers) {
	var add [len(ids.members)]bool
	any := false
	for i, m := range ids.members[:ids.n] {
		add[i] = !bytes.Contains(u.text, m.value[1:len(m.value)-1])
		any = any || add[i]
	}
	if !any {
		return
	}
	m := &u.merged[u.depth]
	m.begin(u.text)
	for i, id := range ids.members[:ids.n] {
		if add[i] {
			m.add(idName(id.name), nil, id.value)
		}
	}
	u.text = m.end()
}
