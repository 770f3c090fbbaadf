package zipkin

// The size of a post. Zipkin takes messages of many megabytes. Small posts burden a slow collector
// less, and cost less when one has to be sent again.
const (
	batchSpans = 512
	batchBytes = 512 << 10
)

// sizes say how the memory of a queue is divided, so that it is at most a quarter more than the
// JSON that the queue may hold. Beside the JSON, a queue holds the room left in each batch, the
// ends of the spans, and the post that is on its way.
type sizes struct {
	minRoom   int // bytes, the least room that a batch makes
	fullBatch int // bytes of JSON
	maxBody   int // bytes of a compressed batch
}

// sizesOf returns the sizes for a queue of so many bytes.
func sizesOf(queue int) sizes {
	room := leastRoom
	for room < usualRoom && room <= queue/128 {
		room *= 2
	}
	return sizes{minRoom: room, fullBatch: min(batchBytes, queue/4), maxBody: queue / 16}
}
