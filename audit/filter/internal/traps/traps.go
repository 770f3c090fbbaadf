// Package traps looks at the text of a script for what makes filters slow, and for what is no
// JavaScript. Scripts are not run.
package traps

import "slices"

// Trap is a part of a script that its author should look at.
type Trap struct {
	Line int    // of the file
	Text string // what is wrong, and what to write, without a byte of the script
}

const (
	// few is how many entries a literal may have that is made in each call.
	few = 8
	// maxTraps bounds the traps of a script.
	maxTraps = 20
)

// Find returns the traps of a script whose first line is that line of its file, in the order of
// lines. A text that is no JavaScript has some or none.
func Find(script string, firstLine int) []Trap {
	f := finder{tokens: tokens(script)}
	for f.at = range f.tokens {
		f.token()
	}
	slices.SortStableFunc(f.traps, func(a, b Trap) int { return a.Line - b.Line })
	found := slices.Compact(f.traps) // java.util twice on one line
	found = found[:min(len(found), maxTraps)]
	for i := range found {
		found[i].Line += firstLine - 1
	}
	return found
}
