// Package filter discards audit events that nobody wants. JavaScript filters decide, and may
// change while the service runs. A service that would write the same event again and again writes
// only what a filter lets through, with the filter's name on it.
//
//	set, err := filter.Open(filter.Config{Source: "/etc/filters", App: "media-api", Filtered: true})
//	…
//	l, err := audit.Open(audit.Config{Dir: dir, App: "media-api", Filter: set.Judge})
//
// # What passes
//
// An event passes if one of the filters that apply to the service passes it. Its trace_names are
// the names of all filters that pass it. Other events are discarded and counted. An event of
// LogSync is always written. All events are written as they are while no filter applies: none is
// defined, all have expired, or the source could never be read.
//
// # Faults
//
// The limits of package filter make it safe against mistakes, not against attackers. A script that
// loops, allocates or throws is switched off and reported, and the other filters go on. Services
// write only the events that the author of their filters has chosen.
//
// # Ending
//
// Close the Logger first, then the Set, because events pass as they are after [Set.Close].
package filter
