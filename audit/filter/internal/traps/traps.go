// Package traps looks at the text of a script for parts that make filters slow, or that are not
// JavaScript. It does not run scripts.
package traps

import "slices"

// Trap is a part of a script that its author should look at.
type Trap struct {
	Line int    // the line of the file
	Text string // what is wrong, and what to write, without a byte of the script
}

const (
	// few is how many entries a literal may have without being a trap, if it is made in each call.
	few = 8
	// maxTraps is how many traps Find returns at most.
	maxTraps = 20
)

// Find returns the traps of a script, in the order of lines. The argument firstLine is the line of
// the file where the script begins. For a text that is not JavaScript, the traps have no meaning,
// but Find does not panic.
func Find(script string, firstLine int) []Trap {
	f := finder{tokens: tokens(script)}
	for f.at = range f.tokens {
		f.token()
	}
	slices.SortStableFunc(f.traps, func(a, b Trap) int { return a.Line - b.Line })
	found := slices.Compact(f.traps) // java.util can be twice on one line
	found = found[:min(len(found), maxTraps)]
	for i := range found {
		found[i].Line += firstLine - 1
	}
	return found
}
