package timeline

import (
	"slices"
	"strings"

	"example.com/clew/internal/line"
)

// learnLines is the number of lines at the beginning of a source in which weak names are learned.
const learnLines = 100

// maxNames is the largest number of names that are kept for a source.
const maxNames = 1000

// A naming is what a parser knows about the names in its source.
type naming struct {
	keys   Keys
	custom bool // the user has chosen a name
	claims map[string]claim
	weak   map[string]*evidence // of the weak names; see claim.weak
	lines  int                  // the number of lines so far
	taken  [roles]string        // the last name that was used for each role
	where  [roles]bool          // the role was found in plain text
}

// evidence counts the values of a name so far, and how many of them were IDs.
type evidence struct{ seen, ids int }

// claim returns the meaning that the name of a field suggests, or that the user has given to it.
func (n *naming) claim(key string) claim {
	if c, ok := n.claims[key]; ok {
		return c
	}
	c := n.chosen(key)
	if len(n.claims) < maxNames && len(key) <= maxKey {
		if n.claims == nil {
			n.claims = map[string]claim{}
		}
		n.claims[strings.Clone(key)] = c
	}
	return c
}

// chosen does the work of the method claim for a new name. A name to which the user has given a
// role has that role alone.
func (n *naming) chosen(key string) claim {
	if n.custom {
		for r := roleTrace; r <= roleMessage; r++ {
			if slices.Contains(*n.keys.of(r), key) {
				return claim{role: r, datadog: true}
			}
		}
	}
	return roleOf(key)
}

// ruled reports whether the user has chosen the names for a role.
func (n *naming) ruled(r role) bool {
	list := n.keys.of(r)
	return n.custom && list != nil && len(*list) > 0
}

// fields returns the index of the field for each role; -1: there is none. If two fields have the
// same name, the last of them is used, as in package line.
func (n *naming) fields(fields []line.Field) (at [roles]int) {
	var best [roles]int
	for r := range at {
		at[r], best[r] = -1, lastRank
	}
	for i := range fields {
		c := n.claim(fields[i].Key)
		if c.role == roleNone || !n.proved(c, fields[i]) {
			continue
		}
		if rank := n.rank(c, fields[i].Key); rank <= best[c.role] {
			at[c.role], best[c.role] = i, rank
		}
	}
	n.lines++
	for r, i := range at {
		if i >= 0 && n.taken[r] != fields[i].Key {
			n.taken[r] = strings.Clone(fields[i].Key)
		}
	}
	return at
}

// lastRank is greater than the rank of any name.
const lastRank = 1 << 30

// rank orders the names of a role. The user's names come first, in their order.
func (n *naming) rank(c claim, key string) int {
	if n.custom {
		if list := n.keys.of(c.role); list != nil {
			if i := slices.Index(*list, key); i >= 0 {
				return i - lastRank
			}
		}
	}
	return c.rank
}

// proved reports whether the value of a field confirms the meaning of its name.
func (n *naming) proved(c claim, f line.Field) bool {
	if !f.Text && f.Value == "null" || f.Value == "" {
		return false
	}
	switch c.role {
	case roleTrace:
		_, ok := fieldID(f, c)
		return ok && !c.weak || c.weak && n.trusted(f, ok)
	case roleSpan, roleParent, roleCallerParent:
		return fieldSpan(f, c) != ""
	case roleTime:
		return f.Value[0]-'0' <= 9 || isCapitals([]byte(f.Value[:1]))
	case roleService:
		return f.Text
	case roleMessage, roleLevel:
		return f.Text || f.Value[0] != '{' && f.Value[0] != '['
	}
	return true
}

// hexLetters are the digits that an ID may contain and a decimal number cannot.
const hexLetters = "abcdefABCDEF"

// trusted reports whether a weak name is the name of the trace ID. Each of its values so far must
// be an ID in hexadecimal digits, with a letter among them. After learnLines lines, no new name is
// trusted.
func (n *naming) trusted(f line.Field, isID bool) bool {
	e := n.weak[f.Key]
	if e == nil {
		if n.lines >= learnLines || len(n.weak) >= maxNames || len(f.Key) > maxKey {
			return false
		}
		if n.weak == nil {
			n.weak = map[string]*evidence{}
		}
		e = &evidence{}
		n.weak[strings.Clone(f.Key)] = e
	}
	isID = isID && strings.ContainsAny(f.Value, hexLetters+"/")
	if n.lines < learnLines && f.Value != "-" {
		e.seen++
		if isID {
			e.ids++
		}
	}
	return isID && e.ids == e.seen
}

// fieldID returns the trace ID in a field.
func fieldID(f line.Field, c claim) (ID, bool) {
	if len(f.Value) > 200 {
		return ID{}, false
	}
	value := []byte(f.Value)
	if c.datadog && len(value) <= 20 && len(value) != 16 || !c.weak && len(value) > 16 && len(value) <= 20 {
		if n, ok := decimal(value); ok {
			return ID{Low: n}, true
		}
	}
	if !f.Text {
		return ID{}, false
	}
	return headerValue(value)
}

// fieldSpan returns the span ID in a field, in hexadecimal digits; "": none.
func fieldSpan(f line.Field, c claim) string {
	value := []byte(f.Value)
	if len(value) == 16 && hexEnd(value, 0) == 16 && f.Text {
		return spanDigits(hexValue(value))
	}
	if c.datadog || len(value) > 16 {
		if n, ok := decimal(value); ok {
			return spanDigits(n)
		}
	}
	return ""
}

// spanDigits returns a span ID in hexadecimal digits; "" for zero.
func spanDigits(n uint64) string {
	if n == 0 {
		return ""
	}
	return hex16(n)
}

// learned returns the name that was used for each role, in the form that [ParseKeys] reads, and
// the roles that were found in plain text.
func (n *naming) learned() string {
	var parts []string
	for r := roleTrace; r <= roleMessage; r++ {
		if n.taken[r] != "" {
			parts = append(parts, roleNames[r]+"="+printable(n.taken[r]))
		}
	}
	said := strings.Join(parts, ",")
	var text []string
	for r := roleTrace; r <= roleMessage; r++ {
		if n.where[r] {
			text = append(text, roleNames[r])
		}
	}
	if len(text) > 0 {
		said = strings.TrimPrefix(said+"; in the text: "+strings.Join(text, ", "), "; ")
	}
	return said
}

// printable returns a name with a question mark for each character that is not printable ASCII.
// The name comes from a line, and a terminal might obey such characters.
func printable(name string) string {
	return strings.Map(func(c rune) rune {
		if c < ' ' || c > '~' {
			return '?'
		}
		return c
	}, name)
}
