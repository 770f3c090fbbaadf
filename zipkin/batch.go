package zipkin

// What is posted at once. Zipkin takes messages of many megabytes; small ones let a slow collector breathe, and
// cost less when one has to be sent again.
const (
	batchSpans = 512
	batchBytes = 512 << 10
)

// sizes are what a queue is cut into, so that all that is held for it is its bytes and a quarter:
// beside the JSON that is the room left in each batch, where its spans end, and the post that is
// on its way.
type sizes struct {
	room  int // that a batch makes, at least
	batch int // bytes of JSON in a batch that is full
	body  int // bytes that a batch may have once it is compressed
}

// sizesOf returns the sizes for a queue of so many bytes.
func sizesOf(queue int) sizes {
	room := leastRoom
	for room < usualRoom && room <= queue/128 {
		room *= 2
	}
	return sizes{room: room, batch: min(batchBytes, queue/4), body: queue / 16}
}

// batch is spans as they are posted.
type batch struct {
	sizes
	json pieces // `{…},{…}`
	ends []int  // where each span ends
	gone int    // bytes at the beginning that are held no more
}

func newBatch(s sizes) *batch { return &batch{sizes: s} }

func (b *batch) len() int { return len(b.ends) }

var comma = []byte{','}

func (b *batch) add(span []byte) {
	if len(b.ends) > 0 {
		b.json.add(comma, b.room)
	}
	b.json.add(span, b.room)
	b.ends = append(b.ends, b.json.size)
}

// size is how many bytes part of b is, a separator counted for each span.
func (b *batch) size(part spans) int { return b.ends[part.to-1] - b.begin(part) + len(comma) }

// begin is where part begins.
func (b *batch) begin(part spans) int {
	if part.from == 0 {
		return 0
	}
	return b.ends[part.from-1] + len(comma)
}

// full reports whether nothing more should be added.
func (b *batch) full() bool { return len(b.ends) >= batchSpans || b.json.size >= b.batch }

// array returns part as a JSON array. It shares b's pieces, which nobody writes to again.
func (b *batch) array(part spans) (text pieces) {
	from, to := b.begin(part), b.ends[part.to-1]
	text.share([]byte{'['})
	at := b.gone
	for _, piece := range b.json.list {
		if first, last := max(from-at, 0), min(to-at, len(piece)); first < last {
			text.share(piece[first:last])
		}
		at += len(piece)
	}
	text.share([]byte{']'})
	return text
}

// release lets go of part, and of all before it.
func (b *batch) release(part spans) {
	end := b.ends[part.to-1]
	for len(b.json.list) > 0 && b.gone+len(b.json.list[0]) <= end {
		b.gone += len(b.json.list[0])
		b.json.list[0] = nil
		b.json.list = b.json.list[1:]
	}
}

// spans is part of a batch: those from the index from up to the index to.
type spans struct{ from, to int }

func (s spans) len() int { return s.to - s.from }

// halves returns two parts of s, whose length is at least two.
func (s spans) halves() (first, second spans) {
	middle := s.from + s.len()/2
	return spans{s.from, middle}, spans{middle, s.to}
}
