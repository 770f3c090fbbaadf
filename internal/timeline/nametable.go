package timeline

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// nameTable keeps names, so that not each line allocates its own. The names have only printable
// characters.
type nameTable struct{ seen map[string]string }

// maxInterned is the number of names that are kept, and maxName the length of the longest.
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
