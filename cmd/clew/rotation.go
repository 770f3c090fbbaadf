package main

import (
	"cmp"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// rotated is a file's place in the set of a rotated log. In the set of app.log, new lines go to
// app.log. The older files are app.log.1, app.log.2.gz, app.log-20261126 and
// app-2026-11-26T10-11-12.log.
type rotated struct {
	set   string // the path of the file that new lines go to, as derived from this file's name
	age   []int  // slices.Compare puts the ages of a set in order, that of the oldest file first
	plain string // the path without the extension of a compression

	compressed bool // the name has an extension of a compression
}

var (
	compressedForm = regexp.MustCompile(`(?i)\.(gz|zst|zstd)$`)
	numberedForm   = regexp.MustCompile(`^(.*[^/])\.([0-9]{1,4})$`)
	datedForm      = regexp.MustCompile(`^(.*[^/])[-._](20[0-9]{2}-?[01][0-9]-?[0-3][0-9](?:[-_.:T]?[0-9]+)*)(\.[A-Za-z]+)?$`)
	numberForm     = regexp.MustCompile(`[0-9]+`)
)

func rotation(path string) rotated {
	plain := compressedForm.ReplaceAllString(path, "")
	r := rotated{set: plain, age: []int{math.MaxInt}, plain: plain, compressed: plain != path}
	if m := datedForm.FindStringSubmatch(plain); m != nil {
		r.set = m[1] + m[3]
		r.age = []int{0}
		for _, number := range numberForm.FindAllString(m[2], -1) {
			n, err := strconv.Atoi(number)
			if err != nil {
				n = math.MaxInt
			}
			r.age = append(r.age, n)
		}
	} else if m := numberedForm.FindStringSubmatch(plain); m != nil {
		n, _ := strconv.Atoi(m[2])
		r.set = m[1]
		r.age = []int{1, -n}
	}
	return r
}

// inOrder sorts the files of each set by time. The sets keep the order of their first files in
// sources.
func inOrder(sources []*source) {
	places := map[string]int{}
	for _, src := range sources {
		if _, ok := places[src.rotated.set]; !ok {
			places[src.rotated.set] = len(places)
		}
	}
	slices.SortStableFunc(sources, func(a, b *source) int {
		return cmp.Or(
			cmp.Compare(places[a.rotated.set], places[b.rotated.set]),
			slices.Compare(a.rotated.age, b.rotated.age),
			strings.Compare(a.path, b.path),
		)
	})
}
