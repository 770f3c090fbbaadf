package timeline

import "example.com/clew/internal/line"

// A part is a value that quick looks for. The first ones are package line's keys.
type part = uint8

const (
	partTime part = part(line.ClientGone) + 1 + iota
	partLevel
	partMessage // zerolog's
	partMsg     // slog's
	partName    // bunyan's
	partHost
	partVendor // a key that a vendor has for what only records say
	partIgnored
	partOther // quick leaves the line to Parse

	// Ignored but for a sight.
	partCaller
	partFile
	partLine
	partLogger
	parts
)

// roleParts are the parts of the roles.
var roleParts = [roles]part{
	roleTrace: part(line.TraceID), roleSpan: part(line.SpanID), roleParent: part(line.ParentID), roleCallerParent: part(line.CallerParentID),
	roleService: part(line.Service), roleTime: partTime, roleLevel: partLevel,
}

// mayEscape tells whether quick does not need to know what stands in a text, or knows it when it
// sees no escape.
func mayEscape(k part) bool {
	return isIgnored(k) || k == partMessage || k == partMsg || k == part(line.Error)
}

// isIgnored tells whether a glance has no need of a part.
func isIgnored(k part) bool { return k == partIgnored || k >= partCaller }
