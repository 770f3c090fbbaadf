// Package rules reads the definitions of filters from YAML.
package rules

import (
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
