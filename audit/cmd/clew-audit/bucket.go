package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"example.com/clew/audit/lake"
	"example.com/clew/audit/s3"
	"example.com/clew/internal/timeline"
)

// inBucket reports whether name names a part of a bucket, and not a directory.
func inBucket(name string) bool { return strings.HasPrefix(name, "s3://") }

// splitList splits the list of directories and buckets in an environment variable. On Unix,
// filepath.SplitList also splits at the colon of s3://, so splitList joins these two parts again.
func splitList(list string) (names []string) {
	for _, name := range filepath.SplitList(list) {
		if last := len(names) - 1; last >= 0 && names[last] == "s3" && strings.HasPrefix(name, "//") {
			names[last] = "s3:" + name
			continue
		}
		names = append(names, name)
	}
	return names
}

// requests returns a text with the number of requests that a search has sent to buckets. It is ""
// if no store is a bucket.
func requests(stores []lake.Store) string {
	var sum s3.Requests
	some := false
	for _, store := range stores {
		if bucket, ok := store.(*s3.Store); ok {
			some = true
			r := bucket.Requests()
			sum.Gets, sum.Lists, sum.Retries, sum.BytesRead = sum.Gets+r.Gets, sum.Lists+r.Lists, sum.Retries+r.Retries, sum.BytesRead+r.BytesRead
		}
	}
	if !some {
		return ""
	}
	return saidOf(sum)
}

func saidOf(sum s3.Requests) string {
	text := fmt.Sprintf("%s and %s of S3, %s", timeline.Counted(sum.Gets, "GET"), timeline.Counted(sum.Lists, "LIST"), amount(float64(sum.BytesRead)))
	if sum.Retries > 0 {
		text += ", retries: " + timeline.Grouped(sum.Retries)
	}
	return text
}

// ahead returns a function that says how much a search of buckets will look at, before the search
// begins, because each request costs money. It returns nil if no store is a bucket.
func ahead(std streams, stores []lake.Store, q *query) func(lake.Plan) {
	if !slices.ContainsFunc(stores, func(s lake.Store) bool { _, ok := s.(*s3.Store); return ok }) {
		return nil
	}
	return func(p lake.Plan) {
		if p.Files == 0 { // there is no file, or an error of the listing, which is reported at the end
			return
		}
		text := fmt.Sprintf("looking at %s of %s, with %s", timeline.Counted(p.Files, "file"), timeline.Counted(p.Partitions, "partition"), amount(float64(p.Bytes)))
		if q.trace != "" || len(q.values)+len(q.context) > 0 {
			text += fmt.Sprintf(": at most %s, and some more for each file with a hit", timeline.Counted(gets*p.Files, "GET"))
		}
		std.say("%s", text)
	}
}

// gets is the largest number of GETs that are needed to exclude a file: one for the last bytes of
// the file, and one for Bloom filters that begin before these bytes.
const gets = 2
