package firehose

import "sync"

// Stats reports what a [Sink] has done since Open.
type Stats struct {
	Events      int64 // events that Firehose has taken
	Records     int64 // the records that contained these events
	Bytes       int64 // the size of these records, before base64
	BilledBytes int64 // Bytes, with each record rounded up to 5 KiB, as Firehose bills it

	Calls         int64 // PutRecordBatch calls, including those that failed
	Retries       int64 // calls for records that an earlier call could not deliver
	FailedCalls   int64 // calls that failed, or had no answer; their records are not in FailedRecords
	FailedRecords int64 // records that Firehose refused in a call that it answered
	Throttled     int64 // calls and records that failed because of the quota or an overload

	TooBig int64 // events that were refused for good, because their line does not fit into a record
}

// counters is a Stats that several goroutines can add to.
type counters struct {
	mu sync.Mutex
	s  Stats
}

// add adds each figure of n to the Stats.
func (c *counters) add(n *Stats) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.s.Events += n.Events
	c.s.Records += n.Records
	c.s.Bytes += n.Bytes
	c.s.BilledBytes += n.BilledBytes
	c.s.Calls += n.Calls
	c.s.Retries += n.Retries
	c.s.FailedCalls += n.FailedCalls
	c.s.FailedRecords += n.FailedRecords
	c.s.Throttled += n.Throttled
	c.s.TooBig += n.TooBig
}

// Stats returns the current figures. For a nil Sink, they are zero.
func (s *Sink) Stats() Stats {
	if s == nil {
		return Stats{}
	}
	s.stats.mu.Lock()
	defer s.stats.mu.Unlock()
	return s.stats.s
}
