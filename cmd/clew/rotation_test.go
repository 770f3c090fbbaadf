package main

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestRotation(t *testing.T) {
	tests := []struct {
		name  string
		paths []string // in the order of time
	}{
		{"numbers", []string{"a/app.log.10.gz", "a/app.log.9.gz", "a/app.log.2.zst", "a/app.log.1", "a/app.log"}},
		{"logrotate's dates", []string{"app.log-20261124.gz", "app.log-20261125", "app.log-20261126-2", "app.log"}},
		{"lumberjack", []string{"app-2026-11-25T10-11-12.123.log.gz", "app-2026-11-26T10-11-12.123.log", "app.log"}},
		{"logback", []string{"app.2026-11-25.9.log", "app.2026-11-25.10.log", "app.2026-11-26.0.log", "app.log"}},
		{"kubelet", []string{"pod/0.log.20261125-101112.gz", "pod/0.log.20261126-101112", "pod/0.log"}},
		{"dates and numbers", []string{"app.log.2026-11-25", "app.log.2", "app.log"}},
	}
	rnd := rand.New(rand.NewPCG(1, 1))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for range 20 {
				var sources []*source
				for _, i := range rnd.Perm(len(test.paths)) {
					path := test.paths[i]
					sources = append(sources, &source{path: path, rotated: rotation(path)})
				}
				inOrder(sources)
				var got []string
				for _, src := range sources {
					got = append(got, src.path)
				}
				assert.Equal(t, test.paths, got)
			}
		})
	}
}

// The files of a rotated log are a set. The sets keep the order of their first files.
func TestSets(t *testing.T) {
	var sources []*source
	for _, path := range []string{"b.log", "a.log", "b.log.1", "a.log.1", "/.1", "1234.log", "20261126.log"} {
		sources = append(sources, &source{path: path, rotated: rotation(path)})
	}
	inOrder(sources)
	var got []string
	for _, src := range sources {
		got = append(got, src.path)
	}
	assert.Equal(t, []string{"b.log.1", "b.log", "a.log.1", "a.log", "/.1", "1234.log", "20261126.log"}, got)
}
