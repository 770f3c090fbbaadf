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

// newBody returns text as a compressed body. If the compressed body would be longer than limit
// bytes, newBody returns text as a plain body. A compressed body has new memory, and a plain body
// shares the memory of text. Nobody may write to this memory again, because net/http may still
// read a body after RoundTrip has returned.
//
// The function yield, unless nil, is called now and then, because compressing a whole batch takes
// milliseconds. Without yield, requests would wait for the processor meanwhile, and the 99th
// percentile of their durations would rise.
func newBody(text pieces, limit int, yield func()) body {
	const atOnce = 32 << 10
	out := limited{limit: limit}
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

// writers is a pool because each writer holds a megabyte. That memory must not be kept while a
// collector does not answer.
var writers = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is valid
	return w
}}
