package zipkin

// These constants bound a post. Zipkin accepts messages of many megabytes, but small posts burden
// a slow collector less, and cost less if one must be sent again.
const (
	batchSpans = 512
	batchBytes = 512 << 10
)

// sizes says how the memory of a queue is divided, so that the memory is at most a quarter more
// than the JSON that the queue may hold. In addition to the JSON, there is the unused capacity of
// each batch, the ends of the spans, and the post that is being sent.
type sizes struct {
	minRoom   int // the smallest capacity of a piece, in bytes
	fullBatch int // a batch of this many bytes of JSON is full
	maxBody   int // the largest compressed batch, in bytes
}

// sizesOf returns the sizes for a queue of that many bytes.
func sizesOf(queue int) sizes {
	room := leastRoom
	for room < usualRoom && room <= queue/128 {
		room *= 2
	}
	return sizes{minRoom: room, fullBatch: min(batchBytes, queue/4), maxBody: queue / 16}
}
