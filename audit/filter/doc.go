// Package filter discards audit events that nobody wants, by JavaScript filters that may change
// while the service runs. A service that writes the same event again and again passes on only what
// a filter lets through, with the filter's name on it.
//
//	set, err := filter.Open(filter.Config{Source: "/etc/filters", App: "media-api", Filtered: true})
//	…
//	l, err := audit.Open(audit.Config{Dir: dir, App: "media-api", Filter: set.Judge})
//
// # What a filter means
//
// With filters that apply to the service, an event passes if any of them passes it, and has the
// names of all that do in trace_names. Else it is discarded and counted. An event of LogSync is
// written in any case. Where no filter applies, because none is defined, all have expired or the
// source could not be read since the start, all events are written as they are.
//
// # Faults
//
// The limits of package filter make it safe against mistakes, not against attackers: a script that
// loops, allocates or throws is switched off and reported, and the other filters go on. Whoever
// writes the filters decides what is written to the audit files of every service that reads them.
//
// # Ending
//
// Close the Logger first, then the Set: after [Set.Close], events pass as they are.
package filter
