// Package rules reads the definitions of filters from YAML.
package rules

import (
	"slices"
	"time"
)

const (
	// MaxFile is the maximum size of a file, in bytes.
	MaxFile = 1 << 20
	// MaxFilters is the maximum number of filters in a file, and in a source.
	MaxFilters = 256

	// maxDocuments is the maximum number of documents in a file, including documents with only
	// comments. Each document needs its own parser, however short the document is.
	maxDocuments = 2 * MaxFilters

	maxName = 200 // bytes, for the name of a filter or of an app
	maxApps = 1000
)

// Definition is one filter as a file defines it.
type Definition struct {
	Name    string
	Expires time.Time // the time is in UTC; zero: the filter never expires
	Apps    []string  // nil: the services that have Config.Filtered
	Script  string
	Line    int // the line of the file where Script begins; the first line is 1
}

// AppliesTo reports whether the definition is for the service app. The argument filtered is the
// Config.Filtered of that service.
func (d *Definition) AppliesTo(app string, filtered bool) bool {
	if d.Apps == nil {
		return filtered
	}
	return slices.Contains(d.Apps, app)
}

// IsExpired reports whether the filter has expired at the time now.
func (d *Definition) IsExpired(now time.Time) bool {
	return !d.Expires.IsZero() && !now.Before(d.Expires)
}
