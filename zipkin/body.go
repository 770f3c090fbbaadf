package zipkin

import (
	"compress/gzip"
	"sync"
)

// body is the body of a post: a JSON array.
type body struct {
	pieces
	plain bool // not compressed
}

// newBody returns text compressed, or plain if the compressed text would be larger than most, in
// bytes. A compressed body is new, and a plain one is text itself. Nobody writes to either again,
// because net/http may still read from it after RoundTrip has returned.
//
// yield, unless nil, is called now and then, because compressing a whole batch takes milliseconds.
// Requests would wait for the processor meanwhile, and their 99th percentile would rise.
func newBody(text pieces, most int, yield func()) body {
	const atOnce = 32 << 10
	out := limited{most: most}
	w := writers.Get().(*gzip.Writer)
	defer writers.Put(w)
	w.Reset(&out)
	done := 0
	for i, piece := range text.list {
		if _, err := w.Write(piece); err != nil {
			return body{text, true}
		}
		if done += len(piece); done >= atOnce && i < len(text.list)-1 && yield != nil {
			yield()
			done = 0
		}
	}
	if w.Close() != nil {
		return body{text, true}
	}
	return body{out.pieces, false}
}

// writers is a pool because each writer has a megabyte, which must not be kept while a collector
// hangs.
var writers = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is valid
	return w
}}
