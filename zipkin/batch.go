package zipkin

import (
	"bytes"
	"compress/gzip"
)

// What is posted at once. Zipkin takes messages of many megabytes; small ones let a slow collector breathe, and
// cost less when one has to be sent again.
const (
	batchSpans = 512
	batchBytes = 512 << 10
)

// batch is spans as they are posted: `[{…},{…}` without the bracket at the end.
type batch struct {
	json []byte
	ends []int // where each span ends
}

// newBatch has room for so many bytes. A batch that grew while spans are put into it would have them wait for the copying,
// one span in a hundred: just the hundredth that is noticed.
func newBatch(bytes int) *batch {
	return &batch{json: make([]byte, 0, bytes+bytes/8+4<<10), ends: make([]int, 0, batchSpans)}
}

func (b *batch) len() int { return len(b.ends) }

func (b *batch) add(span []byte) {
	if len(b.ends) == 0 {
		b.json = append(b.json[:0], '[')
	} else {
		b.json = append(b.json, ',')
	}
	b.json = append(b.json, span...)
	b.ends = append(b.ends, len(b.json))
}

// size is how many bytes part of b is, a separator counted for each span.
func (b *batch) size(part spans) int { return b.ends[part.to-1] - b.begin(part) + len(",") }

// begin is where part begins.
func (b *batch) begin(part spans) int {
	if part.from == 0 {
		return len("[")
	}
	return b.ends[part.from-1] + len(",")
}

// full reports whether nothing more should be added.
func (b *batch) full() bool { return len(b.ends) >= batchSpans || len(b.json) >= batchBytes }

func (b *batch) reset() { b.json, b.ends = b.json[:0], b.ends[:0] }

// spans is part of a batch: those from the index from up to the index to.
type spans struct{ from, to int }

func (s spans) len() int { return s.to - s.from }

// halves returns two parts of s, whose length is at least two.
func (s spans) halves() (first, second spans) {
	middle := s.from + s.len()/2
	return spans{s.from, middle}, spans{middle, s.to}
}

// compressor makes bodies of requests. It is used by one goroutine at a time.
type compressor struct {
	w    *gzip.Writer
	rest func() // between two pieces; nil: none
}

// atOnce is how much is compressed without a rest. A whole batch takes milliseconds, in which requests wait for the
// processor so long that it shows in their 99th percentile.
const atOnce = 32 << 10

// body returns a part of b as a JSON array, compressed. It is a new slice each time: net/http may still read
// from it after RoundTrip has returned.
func (c *compressor) body(b *batch, part spans) []byte {
	var out bytes.Buffer
	if c.w == nil {
		c.w, _ = gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is valid
	}
	c.w.Reset(&out)
	c.w.Write([]byte("[")) // a bytes.Buffer takes all
	for rest := b.json[b.begin(part):b.ends[part.to-1]]; ; {
		piece := rest[:min(len(rest), atOnce)]
		c.w.Write(piece)
		if rest = rest[len(piece):]; len(rest) == 0 {
			break
		}
		if c.rest != nil {
			c.rest()
		}
	}
	c.w.Write([]byte("]"))
	c.w.Close()
	return out.Bytes()
}
