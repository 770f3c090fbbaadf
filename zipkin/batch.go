package zipkin

// A batch holds spans that are posted together.
type batch struct {
	sizes
	json pieces // `{…},{…}`
	ends []int  // where each span ends in json
	gone int    // how many bytes at the beginning of json were released
}

func newBatch(s sizes) *batch { return &batch{sizes: s} }

func (b *batch) len() int { return len(b.ends) }

var comma = []byte{','}

func (b *batch) add(span []byte) {
	if len(b.ends) > 0 {
		b.json.add(comma, b.minRoom)
	}
	b.json.add(span, b.minRoom)
	b.ends = append(b.ends, b.json.size)
}

// size returns the number of bytes of part, with a separator for each span.
func (b *batch) size(part spans) int { return b.ends[part.to-1] - b.begin(part) + len(comma) }

// begin returns where part begins.
func (b *batch) begin(part spans) int {
	if part.from == 0 {
		return 0
	}
	return b.ends[part.from-1] + len(comma)
}

// full reports whether no more spans should be added.
func (b *batch) full() bool { return len(b.ends) >= batchSpans || b.json.size >= b.fullBatch }

// array returns part as a JSON array. The array shares the pieces of b, which nobody writes to
// again.
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

// release frees the memory of part and of all spans in front of it.
func (b *batch) release(part spans) {
	end := b.ends[part.to-1]
	for len(b.json.list) > 0 && b.gone+len(b.json.list[0]) <= end {
		b.gone += len(b.json.list[0])
		b.json.list[0] = nil
		b.json.list = b.json.list[1:]
	}
}
