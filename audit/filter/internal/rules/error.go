package rules

import (
	"crypto/sha256"
	"fmt"
)

// Error says what is wrong with a filter of a file, or with a part of a file. Its text contains
// only printable characters.
type Error struct {
	Name   string // the name of the filter; "" if it cannot be read
	Line   int    // the line of the file; 0: the whole file is wrong
	Reason string
	// Part is the checksum of the part's text. It stays the same if the part moves in the file.
	Part [sha256.Size]byte
}

// Error returns the line, the name and the reason.
func (e *Error) Error() string {
	text := Printable(e.Reason)
	if e.Name != "" {
		text = fmt.Sprintf("filter %q: %s", e.Name, text)
	}
	if e.Line > 0 {
		text = fmt.Sprintf("line %d: %s", e.Line, text)
	}
	return text
}
