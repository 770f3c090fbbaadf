package main

import "example.com/clew/internal/line"

// The fields that hand-written code and peers write here too, so that all lines say the same.
var (
	traceIDKey  = line.Default.Key(line.TraceID)
	spanIDKey   = line.Default.Key(line.SpanID)
	parentIDKey = line.Default.Key(line.ParentID)
	durationKey = line.Default.Key(line.Duration)
)
