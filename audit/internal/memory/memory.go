// Package memory lets package audittest make a Logger without a directory, and candidates without a
// Logger, for which package audit has no exported names.
package memory

// New is package audit's: a *audit.Logger that calls keep with each record, one at a time, in the
// goroutine that logs. The record is valid until keep returns.
var New func(app string, maxEvent int, keep func(record []byte)) any

// Candidates is package audit's: it makes a []audit.Candidate of a []audit.Event, whose app is app
// where they have none.
var Candidates func(app string, events any) (any, error)
