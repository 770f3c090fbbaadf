package zipkin

import (
	"compress/gzip"
	"errors"
	"sync"
)

// body is that of a post: a JSON array.
type body struct {
	pieces
	plain bool // not compressed
}

// newBody returns text, compressed if that makes it no more than most bytes. A compressed body is
// made anew each time, and a plain one is text itself, since net/http may still read from either
// after RoundTrip has returned. rest, if there is one, is called now and then: a whole batch takes
// milliseconds, in which requests wait for the processor so long that it shows in their 99th
// percentile.
func newBody(text pieces, most int, rest func()) body {
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
		if done += len(piece); done >= atOnce && i < len(text.list)-1 && rest != nil {
			rest()
			done = 0
		}
	}
	if w.Close() != nil {
		return body{text, true}
	}
	return body{out.pieces, false}
}

// writers have a megabyte each, which is not kept while a collector hangs.
var writers = sync.Pool{New: func() any {
	w, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is valid
	return w
}}

// limited is pieces that take no more than most bytes.
type limited struct {
	pieces
	most int
}

var errLong = errors.New("does not get short enough")

func (l *limited) Write(text []byte) (int, error) {
	if l.size+len(text) > l.most {
		return 0, errLong
	}
	l.add(text, leastRoom)
	return len(text), nil
}
