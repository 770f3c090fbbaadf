package timeline

import "time"

// Left is what a list leaves out.
type Left struct {
	NoID    int       // lines without a trace ID
	Traces  int       // older traces that there was no room for
	Lines   int       // lines of theirs
	Before  time.Time // these began no later; zero: there are none
	Limited int       // traces that match, beyond the limit
}
