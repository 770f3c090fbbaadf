// Package memory lets package audittest make a Logger without a directory. Package audit has no
// exported function for that.
package memory

// New returns a *audit.Logger that calls the function keep for each record, in the goroutine that
// logs, and never for two records at the same time. The record is valid until keep returns.
// Package audit sets New.
var New func(app string, maxEvent int, keep func(record []byte)) any
