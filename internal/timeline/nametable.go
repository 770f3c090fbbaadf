package timeline

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// nameTable has the names that were seen before, so that a line needs none of its own. What is not
// printable in one is left out.
type nameTable struct{ seen map[string]string }

// maxInterned is how many of them are kept, and maxName how long one may be.
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
