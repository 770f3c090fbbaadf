package timeline

import "time"

// MaxLine is the largest number of bytes that are kept of a line. A longer line is cut and
// counted.
const MaxLine = 1 << 20

// Raw is a line of a source without the text that log shippers put around it.
type Raw struct {
	// Text is the line without its newline. It shares the memory of the source, and is valid until
	// the next line is read.
	Text []byte

	// Time and Service come from the shipper: the time at which it got the line, and the line's
	// container or pod. They are zero and empty if the shipper does not name them.
	Time    time.Time
	Service string

	// Instance is the container or process of the service that wrote the line. Several may write
	// into one source. If Instance is empty, the Service is the instance.
	Instance string

	// Number is the line's number in its source, from 1. A joined line has the number of its first
	// part.
	Number int
	Cut    bool // the line was longer than MaxLine
}
