package zipkin

// These constants bound a post. Zipkin accepts messages of many megabytes, but small posts burden
// a slow collector less, and cost less if one must be sent again.
const (
	batchSpans = 512
	batchBytes = 512 << 10
)

// sizes holds the sizes of the parts of a queue. With these sizes, the queue needs at most a
// quarter more memory than its limit for JSON. The additional memory is for the unused capacity of
// each batch, the ends of the spans, and the post that is being sent.
type sizes struct {
	minRoom   int // the smallest capacity of a piece, in bytes
	fullBatch int // a batch of this many bytes of JSON is full
	maxBody   int // the largest compressed batch, in bytes
}

// sizesOf returns the sizes for a queue that may hold this many bytes of JSON.
func sizesOf(queue int) sizes {
	room := leastRoom
	for room < usualRoom && room <= queue/128 {
		room *= 2
	}
	return sizes{minRoom: room, fullBatch: min(batchBytes, queue/4), maxBody: queue / 16}
}
