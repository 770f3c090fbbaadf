// Package filter discards audit events that nobody wants. JavaScript filters decide which events
// to write, and can change while the service runs. They are for services that would otherwise
// write too many events of the same kind. Such a service writes only the events that a filter
// passes. Each written event names the filters that passed it.
//
//	set, err := filter.Open(filter.Config{Source: "/etc/filters", App: "media-api", Filtered: true})
//	…
//	l, err := audit.Open(audit.Config{Dir: dir, App: "media-api", Filter: set.Judge})
//
// # What passes
//
// An event passes if one of the filters that apply to the service passes it. Its trace_names are
// the names of all filters that pass it. Other events are discarded and counted. An event of
// LogSync is always written. All events are written unchanged while no filter applies, because
// none is defined, all have expired, or the source has never been read.
//
// # Faults
//
// The limits of package filter make it safe against mistakes, not against attackers. A script that
// loops, allocates or throws is switched off and reported, and the other filters go on. The author
// of the filters decides which events a service writes.
//
// # Ending
//
// Close the Logger first, then the Set, because all events pass unchanged after [Set.Close].
package filter
