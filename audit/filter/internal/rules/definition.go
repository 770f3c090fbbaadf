// Package rules reads the definitions of filters from YAML.
package rules

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"time"
)

const (
	// MaxFile bounds a file, in bytes.
	MaxFile = 1 << 20
	// MaxFilters bounds the filters of a file, and those of a source.
	MaxFilters = 256

	// maxDocuments bounds the documents of a file, with those that have comments alone. Each one
	// costs a parser, however short the document is.
	maxDocuments = 2 * MaxFilters

	maxName = 200 // bytes, also of an app
	maxApps = 1000
)

// Definition is one filter as a file defines it.
type Definition struct {
	Name    string
	Expires time.Time // in UTC; zero: never
	Apps    []string  // nil: the services that have Config.Filtered
	Script  string
	Line    int // of the file, at which Script begins; the first line is 1
}

// AppliesTo reports whether the definition is for the service app, which is filtered or not.
func (d *Definition) AppliesTo(app string, filtered bool) bool {
	if d.Apps == nil {
		return filtered
	}
	return slices.Contains(d.Apps, app)
}

// IsExpired reports whether the definition has ended at now.
func (d *Definition) IsExpired(now time.Time) bool {
	return !d.Expires.IsZero() && !now.Before(d.Expires)
}

// Error is what is wrong with one filter of a file, or with a part of a file. Its text has no
// byte of the file that is not printable.
type Error struct {
	Name   string // of the filter; "" where the part has no name that can be read
	Line   int    // of the file; 0: of the whole file
	Reason string
	Part   [sha256.Size]byte // the sum of the part's text, which is the same wherever it stands
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
