package main

import (
	"io"
	"sync"
)

// syncWriter serializes the lines that three services write to one writer.
type syncWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *syncWriter) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// Fd lets logctx.Console find out whether the writer is a terminal.
func (s *syncWriter) Fd() uintptr { return fd(s.w) }

func fd(w io.Writer) uintptr {
	if file, ok := w.(interface{ Fd() uintptr }); ok {
		return file.Fd()
	}
	return ^uintptr(0) // not a file
}
