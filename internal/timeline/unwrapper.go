package timeline

import (
	"bytes"
	"math/bits"
	"strings"
	"time"
)

// maxWrappers is the number of wrappers that are removed from a line, one in another.
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
	stream  byte   // the container's stream that has the line; 0: not known
	partial bool   // the line goes on in the next line of its stream
}

// wrappers are all wrappers that are removed, with their first bytes. Sources are mixed, so only
// the line itself shows its wrapper, never a flag or the lines before. Each function removes one
// wrapper. It returns false for a line without that wrapper, and leaves such a line as it is.
var wrappers = [...]struct {
	name  string
	first string   // the bytes that may begin the line
	keys  []string // for an object instead: the possible beginnings of its first key
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

// wrappersByFirst has a bit for each wrapper that may begin with a byte. wrappersByKey has one for
// each wrapper that may have a byte in the first, second or third place of its first key. So the
// first bytes rule out "level" and "time", the first keys of many loggers.
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
		return 0 // so short an object is no wrapper
	}
	return wrappersByKey[0][text[i+1]] & wrappersByKey[1][text[i+2]] & wrappersByKey[2][text[i+3]]
}

// begin takes the next line.
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
	for may := mayBe(u.text); may != 0; may &= may - 1 { // without its last bit
		if wrappers[bits.TrailingZeros16(may)].off(u) {
			u.depth++
			return true
		}
	}
	return false
}

// from sets the service of the line, if name is not empty. The name in an inner wrapper is better.
func (u *unwrapper) from(name []byte) {
	if len(name) > 0 {
		u.service = u.services.of(name)
	}
}

// instance sets the instance of the service.
func (u *unwrapper) instance(name []byte) { u.which = u.services.of(name) }

// at sets the time of the line, if value is a text with a time.
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

// merge adds the IDs that the line lacks.
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
