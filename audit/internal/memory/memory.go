// Package memory lets package audittest make a Logger without a directory, for which package audit
// has no exported name.
package memory

// New returns a *audit.Logger that calls keep with each record, one at a time, in the goroutine
// that logs. The record is valid until keep returns. Package audit sets New.
var New func(app string, maxEvent int, keep func(record []byte)) any
