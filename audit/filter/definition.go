package filter

import (
	"crypto/sha256"

	"example.com/clew/audit/filter/internal/rules"
)

// definition is the definition of a filter, with the file that contains it.
type definition struct {
	rules.Definition
	file string
	sum  [sha256.Size]byte // the hash of the file's text
}

// failure is a script that could not be evaluated. It is tried again when its file has changed.
type failure struct {
	sum    [sha256.Size]byte
	reason string
}
