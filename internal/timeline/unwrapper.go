package timeline

import (
	"bytes"
	"math/bits"
	"strings"
	"time"
)

// maxWrappers is the largest number of nested wrappers that are removed from a line.
const maxWrappers = 4

// unwrapper removes the text that log shippers put around a line. It holds the current line, and
// each removed wrapper changes it.
type unwrapper struct {
	reference time.Time
	services  nameTable
	merged    [maxWrappers]fieldMerger
	copied    []byte
	depth     int // the number of removed wrappers

	text    []byte
	time    time.Time
	service string
	which   string // the instance of the service
	stream  byte   // a byte for the container's stream that the line is from; 0: not known
	partial bool   // the line goes on in the next line of its stream
}

// wrappers contains all wrappers that are removed, with their first bytes. A source may mix
// wrappers, so only the line itself shows its wrapper, not a flag or an earlier line. Each
// function removes one wrapper. It returns false for a line without that wrapper, and leaves such
// a line as it is.
var wrappers = [...]struct {
	name  string
	first string   // the bytes that may come first in the line
	keys  []string // for a JSON object, instead of first: the possible beginnings of its first key
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

// wrappersByFirst contains, for each byte, a bit for each wrapper that may begin with the byte.
// wrappersByKey contains, for the first, second and third byte of an object's first key, a bit for
// each wrapper whose key may have that byte there. So three bytes rule out "level" and "time", the
// first keys of many loggers.
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
		return 0 // an object this short is no wrapper
	}
	return wrappersByKey[0][text[i+1]] & wrappersByKey[1][text[i+2]] & wrappersByKey[2][text[i+3]]
}

// begin sets the line from which the method next removes wrappers.
func (u *unwrapper) begin(text []byte) {
	u.text, u.time, u.service, u.which, u.stream, u.depth = text, time.Time{}, "", "", 0, 0
	u.partial = false
}

// next removes the next wrapper, and reports whether there was one.
func (u *unwrapper) next() bool {
	u.partial, u.stream = false, 0
	if u.depth == maxWrappers {
		return false
	}
	for may := mayBe(u.text); may != 0; may &= may - 1 { // clear the lowest bit
		if wrappers[bits.TrailingZeros16(may)].off(u) {
			u.depth++
			return true
		}
	}
	return false
}

// from sets the service of the line, if name is not empty. The name from an inner wrapper replaces
// that of an outer one.
func (u *unwrapper) from(name []byte) {
	if len(name) > 0 {
		u.service = u.services.of(name)
	}
}

// instance sets the instance of the service.
func (u *unwrapper) instance(name []byte) { u.which = u.services.of(name) }

// at sets the time of the line, if the JSON value is a text with a time. It reports whether it
// did.
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

// merge adds the IDs to the line, except those that the line has already.
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
