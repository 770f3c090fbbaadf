package timeline

import "example.com/clew/internal/line"

// A part is a kind of value that Parser.quick looks for in a line. The first parts are package
// line's keys.
type part = uint8

const (
	partTime part = part(line.ClientGone) + 1 + iota
	partLevel
	partMessage // zerolog's message
	partMsg     // slog's message
	partName    // bunyan's name of the service
	partHost
	partVendor // a vendor's key for a field of records
	partIgnored
	partOther // Parse must read a line with this part

	// Only a sight needs the following parts.
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

// mayEscape reports whether quick accepts escapes in the text of a part. Quick ignores the text of
// such a part, or only needs to know that the text has escapes.
func mayEscape(k part) bool {
	return isIgnored(k) || k == partMessage || k == partMsg || k == part(line.Error)
}

// isIgnored reports whether a glance ignores a part.
func isIgnored(k part) bool { return k == partIgnored || k >= partCaller }
