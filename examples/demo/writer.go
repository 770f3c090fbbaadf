package main

import (
	"io"
	"sync"
)

// syncWriter lets three services write whole lines to one writer.
type syncWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *syncWriter) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// Fd shows logctx.Console whether there is a terminal.
func (s *syncWriter) Fd() uintptr { return fd(s.w) }

func fd(w io.Writer) uintptr {
	if file, ok := w.(interface{ Fd() uintptr }); ok {
		return file.Fd()
	}
	return ^uintptr(0) // none
}
