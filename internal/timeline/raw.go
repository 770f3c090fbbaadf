package timeline

import "time"

// MaxLine is how much of a line is kept, in bytes. The rest of a longer one is dropped, and
// counted.
const MaxLine = 1 << 20

// Raw is a line of a source, with what log shippers put around it taken off.
type Raw struct {
	// Text is the line without its newline. It shares memory with the source: it is valid until
	// the next one is read.
	Text []byte

	// Time and Service are what the shipper says: when it got the line, and the container or
	// pod that it comes from. Zero and "": it says nothing.
	Time    time.Time
	Service string

	// Instance is which of the service's containers or processes it is: lines of several stand
	// between each other. "": as the Service.
	Instance string

	Number int  // of the line in its source, from 1; of a joined one, the first's
	Cut    bool // it was longer than MaxLine
}
