package timeline

import "time"

// Left is the part that a list leaves out.
type Left struct {
	NoID    int       // lines without a trace ID
	Traces  int       // older traces, for which there was no room
	Lines   int       // their lines
	Before  time.Time // they began at that time or earlier; zero: there are none
	Limited int       // traces that match, beyond the limit
}
