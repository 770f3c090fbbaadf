package main

import "example.com/clew/internal/line"

// Hand-written code and peers write the same fields as clew, so that the lines of all variants
// have the same content.
var (
	traceIDKey  = line.Default.Key(line.TraceID)
	spanIDKey   = line.Default.Key(line.SpanID)
	parentIDKey = line.Default.Key(line.ParentID)
	durationKey = line.Default.Key(line.Duration)
)
