package zipkin

// Stats is what has become of the spans that ended, at one moment: Sent + Dropped + Queued is
// Ended.
type Stats struct {
	Ended   int64 // spans that were sampled and have ended
	Sent    int64 // the collector has taken them
	Dropped int64 // lost: no room in the queue, refused, or not sent before the end
	Queued  int64 // waiting, or on their way

	QueuedBytes int64 // of JSON

	// LastError is that of the last post that failed, and nil if none has. It may quote the
	// collector.
	LastError error
}
