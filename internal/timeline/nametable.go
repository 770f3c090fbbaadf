package timeline

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// nameTable keeps names, so that a line with a known name allocates no memory for it. The names
// have only printable characters.
type nameTable struct{ seen map[string]string }

// maxInterned is the largest number of names that are kept, and maxName is the length of the
// longest name.
const (
	maxInterned = 1024
	maxName     = 256
)

func (n *nameTable) of(name []byte) string {
	if s, ok := n.seen[string(name)]; ok {
		return s
	}
	if n.seen == nil {
		n.seen = make(map[string]string)
	}
	s := strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, string(name[:min(len(name), maxName)]))
	if len(n.seen) < maxInterned && len(name) <= maxName {
		n.seen[string(name)] = s
	}
	return s
}
