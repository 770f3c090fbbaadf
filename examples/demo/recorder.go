package main

import (
	"io"
	"strings"
	"sync"
)

// recorder keeps the lines that the services write, in the order of the writes.
type recorder struct {
	to  io.Writer // the output that shows them later
	mu  sync.Mutex
	all []string
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

func (r *recorder) Fd() uintptr { return fd(r.to) }

func (r *recorder) lines() []said {
	r.mu.Lock()
	defer r.mu.Unlock()
	var lines []said
	for _, text := range r.all {
		lines = append(lines, parse(text))
	}
	about(lines)
	return lines
}
