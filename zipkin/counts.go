package zipkin

import "fmt"

// counts holds the numbers of Stats, and the reasons why spans were dropped.
type counts struct {
	ended, sent, queued, bytes int64

	full    int64 // no room in the queue
	refused int64 // refused by the collector
	late    int64 // ended after Shutdown had begun, or not sent when Shutdown ended

	lastError error
}

func (c *counts) dropped() int64 { return c.full + c.refused + c.late }

func (c *counts) stats() Stats {
	return Stats{c.ended, c.sent, c.dropped(), c.queued, c.bytes, c.lastError}
}

// settle counts n queued spans as sent, or as refused if err is not nil.
func (c *counts) settle(n int, err error) {
	c.queued -= int64(n)
	if err == nil {
		c.sent += int64(n)
	} else {
		c.refused += int64(n)
		c.lastError = err
	}
}

// lost returns an error that says how many spans were lost, or nil if none were. The parameter
// cause says why time ran out, or is nil if time did not run out.
func (c *counts) lost(cause error) error {
	if c.dropped() == 0 {
		return nil
	}
	err := fmt.Errorf("zipkin: %d of %d spans lost (queue full %d, refused %d, not sent in time %d)",
		c.dropped(), c.ended, c.full, c.refused, c.late)
	if cause != nil {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	return withLast(err, c.lastError)
}

// withLast returns err. If last is not nil, withLast appends the text of last.
func withLast(err, last error) error {
	if last == nil {
		return err
	}
	// last is not wrapped by %w, because it says why some spans were lost, and not why the caller
	// had to stop.
	return fmt.Errorf("%w: last error: %v", err, last)
}
