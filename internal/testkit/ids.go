// Package testkit holds the fixtures that tests of several packages share: IDs, headers, contexts
// in a trace, log lines as parsed JSON, an SDK that records.
//
// Tests alone import it. It is a package of its own so that an ID has one value, and a helper one
// name, in all tests. It imports trace and logctx, so their tests can use it only from outside
// their packages.
package testkit

import (
	"fmt"

	"example.com/clew/internal/canary"
)

// IDs of every width. A ratio of one half samples the traces whose low half begins with a digit
// below 8: ID64 and ID128Low, but not ID64High, ID128 and IDWide.
const (
	ID64     = "463ac35c9f6413ad"
	ID64High = "e63ac35c9f6413ad"
	ID128    = "5759e988bd862e3fe1be46a994272793"
	ID128Low = "5759e988bd862e3f1fb446a994272793"
	IDWide   = "0000000000000000e1be46a994272793" // 64 bits, sent as 32 digits
	SpanID   = "a2fb4a1d1a96d312"
	ParentID = "0020000000000001" // no float64 can represent its value
)

// LowID is the low half of ID128 and IDWide. Datadog writes it and SpanID in decimal.
const (
	LowID       = "e1be46a994272793"
	DecimalLow  = "16266516598257821587"
	DecimalSpan = "11744061942159299346"
)

// Canary is a part of each malformed or secret value, and must not appear in any error, context or
// outgoing header. Its digits are hexadecimal, so that it also fits into IDs.
const Canary = "cacacaca"

// IDs returns the IDs of ID128, SpanID and ParentID for rows of package canary.
func IDs() canary.IDs { return canary.IDs{Trace: ID128, Span: SpanID, Parent: ParentID} }

// NumberedID returns the trace ID of the nth of many requests, which are counted from 0. The IDs
// have all widths in turn.
func NumberedID(n int) string {
	return fmt.Sprintf([]string{"%016x", "%032x", ID128[:16] + "%016x"}[n%3], n+1)
}
