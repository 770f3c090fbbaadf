package zipkin

// Stats says what has become of the spans that ended, at one moment. Sent + Dropped + Queued is
// always Ended.
type Stats struct {
	Ended   int64 // spans that were sampled and have ended
	Sent    int64 // spans that the collector has accepted
	Dropped int64 // lost spans: no room in the queue, refused, or not sent before Shutdown ended
	Queued  int64 // spans that wait, or are being posted

	QueuedBytes int64 // the length of the JSON of the queued spans

	// LastError is the error of the last post that failed, or nil if no post has failed. It may
	// quote the collector.
	LastError error
}
