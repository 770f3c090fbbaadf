package timeline

import "time"

// Left counts the lines and traces that a list leaves out.
type Left struct {
	NoID    int       // lines without a trace ID
	Traces  int       // older traces that were left out, because there was no room for them
	Lines   int       // the lines of these older traces
	Before  time.Time // the older traces began at this time or earlier; zero: none was left out
	Limited int       // further traces that match, beyond the limit
}
