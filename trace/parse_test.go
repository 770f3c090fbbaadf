package trace_test

import (
	"context"
	"encoding/hex"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// singleRow is a value of the b3 header and what Parse must make of it. Tests, fuzz seeds and
// benchmarks share the tables below.
type singleRow struct {
	name, in  string
	want      said
	malformed bool
}

const zeros = "0000000000000000"

var singleRows = []singleRow{
	// Every form, every state, every width.
	{name: "trace-span, 64 bit", in: id64 + "-" + spanID, want: said{id64, spanID, "", trace.Defer}},
	{name: "trace-span, 128 bit", in: id128 + "-" + spanID, want: said{id128, spanID, "", trace.Defer}},
	{name: "128 bit with a zero high half stays 32 digits", in: idWide + "-" + spanID + "-1", want: said{idWide, spanID, "", trace.Accept}},
	{name: "128 bit with a zero low half", in: id64 + zeros + "-" + spanID + "-1", want: said{id64 + zeros, spanID, "", trace.Accept}},
	{name: "deny", in: id64 + "-" + spanID + "-0", want: said{id64, spanID, "", trace.Deny}},
	{name: "accept", in: id128 + "-" + spanID + "-1", want: said{id128, spanID, "", trace.Accept}},
	{name: "debug", in: id64 + "-" + spanID + "-d", want: said{id64, spanID, "", trace.Debug}},
	{name: "deny with a parent", in: id128 + "-" + spanID + "-0-" + parentID, want: said{id128, spanID, parentID, trace.Deny}},
	{name: "accept with a parent", in: id64 + "-" + spanID + "-1-" + parentID, want: said{id64, spanID, parentID, trace.Accept}},
	{name: "debug with a parent", in: id128 + "-" + spanID + "-d-" + parentID, want: said{id128, spanID, parentID, trace.Debug}},
	{name: "trace-span-parent, which Brave writes for a defer", in: id64 + "-" + spanID + "-" + parentID, want: said{id64, spanID, parentID, trace.Defer}},
	{name: "trace-span-parent, 128 bit", in: id128 + "-" + spanID + "-" + parentID, want: said{id128, spanID, parentID, trace.Defer}},
	{name: "a zero parent is no parent", in: id64 + "-" + spanID + "-1-" + zeros, want: said{id64, spanID, "", trace.Accept}},
	{name: "a zero parent after a defer is no parent", in: id64 + "-" + spanID + "-" + zeros, want: said{id64, spanID, "", trace.Defer}},
	{name: "upper case, as HAProxy sends it", in: strings.ToUpper(id128 + "-" + spanID + "-1-" + parentID), want: said{id128, spanID, parentID, trace.Accept}},
	{name: "mixed case", in: "463Ac35C9F6413aD-A2fb4a1d1a96D312-d", want: said{id64, spanID, "", trace.Debug}},
	{name: "white space around the value", in: " \t" + id64 + "-" + spanID + "-1 \t", want: said{id64, spanID, "", trace.Accept}},
	{name: "lone deny", in: "0", want: said{State: trace.Deny}},
	{name: "lone accept", in: "1", want: said{State: trace.Accept}},
	{name: "lone debug", in: "d", want: said{State: trace.Debug}},
	{name: "lone deny, white space around", in: " 0\t", want: said{State: trace.Deny}},

	// Neither a state nor IDs.
	{name: "lone 2", in: "2", malformed: true},
	{name: "lone upper-case D", in: "D", malformed: true},
	{name: "lone true", in: "true", malformed: true},
	{name: "lone dash", in: "-", malformed: true},
	{name: "two states", in: "1-0", malformed: true},
	{name: "text", in: "hello, " + canary, malformed: true},
	{name: "huge", in: strings.Repeat(canary, 200), malformed: true},
	{name: "NUL", in: "\x00" + canary, malformed: true},
	{name: "bytes that are no UTF-8", in: "\xff\xfe" + canary + canary + "-" + spanID, malformed: true},

	// The trace ID.
	{name: "trace ID of 15 digits", in: "cacacaca1234567-" + spanID + "-1", malformed: true},
	{name: "trace ID of 17 digits", in: "cacacaca123456789-" + spanID + "-1", malformed: true},
	{name: "trace ID of 31 digits", in: "cacacaca123456789012345678901ab-" + spanID + "-1", malformed: true},
	{name: "trace ID of 33 digits", in: "cacacaca123456789012345678901abcd-" + spanID + "-1", malformed: true},
	{name: "trace ID of 48 digits", in: strings.Repeat(canary, 6) + "-" + spanID + "-1", malformed: true},
	{name: "zero trace ID of 16 digits", in: zeros + "-cacacacacacacaca-1", malformed: true},
	{name: "zero trace ID of 32 digits", in: zeros + zeros + "-cacacacacacacaca-1", malformed: true},
	{name: "trace ID with a g", in: "cacacaca1234567g-" + spanID + "-1", malformed: true},
	{name: "trace ID with 0x", in: "0xcacacaca123456-" + spanID + "-1", malformed: true},
	{name: "trace ID with a plus", in: "+cacacaca1234567-" + spanID + "-1", malformed: true},
	{name: "trace ID with an underscore", in: "cacacaca_1234567-" + spanID + "-1", malformed: true},
	{name: "trace ID with a dash inside", in: "cacacaca-1234567-" + spanID + "-1", malformed: true},
	{name: "trace ID with a space inside", in: "cacacaca 1234567-" + spanID + "-1", malformed: true},
	{name: "trace ID is a UUID", in: "cacacaca-e988-4d86-ae3f-e1be46a99427-" + spanID + "-1", malformed: true},
	{name: "trace ID in Arabic digits", in: canary + "١٢٣٤" + "-" + spanID + "-1", malformed: true},
	{name: "trace ID in full-width digits", in: "cacacaca１２ab-" + spanID + "-1", malformed: true},

	// The span ID.
	{name: "trace ID alone, 64 bit", in: "cacacacacacacaca", malformed: true},
	{name: "trace ID alone, 128 bit", in: "cacacacacacacacacacacacacacacaca", malformed: true},
	{name: "trace ID and dash, 64 bit", in: "cacacacacacacaca-", malformed: true},
	{name: "trace ID and dash, 128 bit: zipkin-go panics", in: "cacacacacacacacacacacacacacacaca-", malformed: true},
	{name: "trace ID and state", in: "cacacacacacacaca-1", malformed: true},
	{name: "span ID of 15 digits", in: id64 + "-cacacaca1234567-1", malformed: true},
	{name: "span ID of 15 digits at the end", in: id64 + "-cacacaca1234567", malformed: true},
	{name: "span ID of 17 digits", in: id64 + "-cacacaca123456789", malformed: true},
	{name: "span ID of 32 digits", in: id64 + "-cacacacacacacacacacacacacacacaca", malformed: true},
	{name: "zero span ID", in: "cacacacacacacaca-" + zeros + "-1", malformed: true},
	{name: "span ID with a g", in: id64 + "-cacacaca1234567g-1", malformed: true},
	{name: "span ID with a space", in: id64 + "- cacacaca1234567-1", malformed: true},

	// Separators, states and parents.
	{name: "bad separator before the span ID", in: "cacacacacacacaca!" + spanID + "-1", malformed: true},
	{name: "bad separator before the state", in: "cacacacacacacaca-" + spanID + "!0", malformed: true},
	{name: "bad separator before the parent", in: "cacacacacacacaca-" + spanID + "-1!" + parentID, malformed: true},
	{name: "bad separator before a parent without state", in: "cacacacacacacaca-" + spanID + "!" + parentID, malformed: true},
	{name: "trailing dash", in: "cacacacacacacaca-" + spanID + "-", malformed: true},
	{name: "trailing dash after the state", in: "cacacacacacacaca-" + spanID + "-1-", malformed: true},
	{name: "trailing dash after the parent", in: "cacacacacacacaca-" + spanID + "-1-" + parentID + "-", malformed: true},
	{name: "something after the parent", in: "cacacacacacacaca-" + spanID + "-1-" + parentID + "-1", malformed: true},
	{name: "two values in one", in: "cacacacacacacaca-" + spanID + "-1," + id64 + "-" + spanID + "-1", malformed: true},
	{name: "state 2", in: "cacacacacacacaca-" + spanID + "-2", malformed: true},
	{name: "state D", in: "cacacacacacacaca-" + spanID + "-D", malformed: true},
	{name: "state true", in: "cacacacacacacaca-" + spanID + "-true", malformed: true},
	{name: "state of two letters", in: "cacacacacacacaca-" + spanID + "-11", malformed: true},
	{name: "state is a dash", in: "cacacacacacacaca-" + spanID + "---" + parentID, malformed: true},
	{name: "malformed parent", in: id64 + "-" + spanID + "-1-cacacaca1234567g", malformed: true},
	{name: "malformed parent after a defer", in: id64 + "-" + spanID + "-cacacaca1234567g", malformed: true},
	{name: "parent of 15 digits", in: id64 + "-" + spanID + "-1-cacacaca1234567", malformed: true},
	{name: "parent of 17 digits", in: id64 + "-" + spanID + "-1-cacacaca123456789", malformed: true},
	{name: "parent is a dash", in: "cacacacacacacaca-" + spanID + "-1--", malformed: true},
}

// headerRow is a set of headers and what FromHeader must make of it.
type headerRow struct {
	name      string
	header    http.Header
	want      said
	malformed bool // FromHeader returns an error, because nothing valid remains
}

const (
	xTrace   = "X-B3-TraceId"
	xSpan    = "X-B3-SpanId"
	xParent  = "X-B3-ParentSpanId"
	xSampled = "X-B3-Sampled"
	xFlags   = "X-B3-Flags"
)

// ids returns headers with a well-formed trace ID and span ID. The argument pairs holds names and
// values of further headers.
func ids(pairs ...string) http.Header {
	return testkit.Header(append([]string{xTrace, id64, xSpan, spanID}, pairs...)...)
}

// badIDs returns headers with a malformed trace ID. The argument pairs holds names and values of
// further headers, which FromHeader must ignore too.
func badIDs(pairs ...string) http.Header {
	return testkit.Header(append([]string{xTrace, canary, xSpan, spanID}, pairs...)...)
}

var headerRows = []headerRow{
	{name: "nil"},
	{name: "no B3", header: testkit.Header("Accept", "*/*")},
	{name: "all empty", header: testkit.Header("b3", "", xTrace, "", xSpan, "", xParent, "", xSampled, "", xFlags, "")},

	// IDs and states.
	{name: "64 bit, defer", header: ids(), want: said{id64, spanID, "", trace.Defer}},
	{name: "64 bit, deny", header: ids(xSampled, "0"), want: said{id64, spanID, "", trace.Deny}},
	{name: "64 bit, accept", header: ids(xSampled, "1"), want: said{id64, spanID, "", trace.Accept}},
	{name: "64 bit, debug", header: ids(xFlags, "1"), want: said{id64, spanID, "", trace.Debug}},
	{name: "128 bit with a parent", header: testkit.Header(xTrace, id128, xSpan, spanID, xParent, parentID, xSampled, "1"), want: said{id128, spanID, parentID, trace.Accept}},
	{name: "128 bit with a zero high half", header: testkit.Header(xTrace, idWide, xSpan, spanID, xSampled, "1"), want: said{idWide, spanID, "", trace.Accept}},
	{name: "defer with a parent", header: ids(xParent, parentID), want: said{id64, spanID, parentID, trace.Defer}},
	{name: "upper case, as HAProxy sends it", header: testkit.Header(xTrace, strings.ToUpper(id128), xSpan, strings.ToUpper(spanID), xParent, strings.ToUpper(parentID)), want: said{id128, spanID, parentID, trace.Defer}},
	{name: "white space around every value", header: testkit.Header(xTrace, " "+id64+"\t", xSpan, "\t"+spanID+" ", xParent, " "+parentID+" ", xSampled, " 1 ", xFlags, " 0 "), want: said{id64, spanID, parentID, trace.Accept}},
	{name: "white space around a flag", header: ids(xFlags, " 1\t"), want: said{id64, spanID, "", trace.Debug}},
	{name: "a value of white space is empty", header: ids(xParent, " ", xSampled, "\t", xFlags, " "), want: said{id64, spanID, "", trace.Defer}},
	{name: "names in lower case", header: testkit.Header("x-b3-traceid", id64, "x-b3-spanid", spanID, "x-b3-sampled", "1"), want: said{id64, spanID, "", trace.Accept}},
	{name: "names in upper case", header: testkit.Header("X-B3-TRACEID", id64, "X-B3-SPANID", spanID, "X-B3-FLAGS", "1"), want: said{id64, spanID, "", trace.Debug}},
	{name: "repeated: the first counts", header: testkit.Header(xTrace, id64, xTrace, id128, xSpan, spanID, xSpan, parentID, xSampled, "0", xSampled, "1"), want: said{id64, spanID, "", trace.Deny}},
	{name: "b3 repeated: the first counts", header: testkit.Header("b3", id64+"-"+spanID+"-0", "b3", id128+"-"+spanID+"-1"), want: said{id64, spanID, "", trace.Deny}},

	// A bad parent is ignored. The trace is kept.
	{name: "parent is empty", header: ids(xParent, ""), want: said{id64, spanID, "", trace.Defer}},
	{name: "parent is zero", header: ids(xParent, zeros), want: said{id64, spanID, "", trace.Defer}},
	{name: "parent is a dash", header: ids(xParent, "-", xSampled, "1"), want: said{id64, spanID, "", trace.Accept}},
	{name: "parent is malformed at its end", header: ids(xParent, "123456789012345g"), want: said{id64, spanID, "", trace.Defer}},
	{name: "parent of 32 digits", header: ids(xParent, id128), want: said{id64, spanID, "", trace.Defer}},
	{name: "parent alone", header: testkit.Header(xParent, parentID)},

	// X-B3-Sampled.
	{name: "sampled is true", header: ids(xSampled, "true"), want: said{id64, spanID, "", trace.Accept}},
	{name: "sampled is false", header: ids(xSampled, "false"), want: said{id64, spanID, "", trace.Deny}},
	{name: "sampled is True", header: ids(xSampled, "True"), want: said{id64, spanID, "", trace.Accept}},
	{name: "sampled is FALSE", header: ids(xSampled, "FALSE"), want: said{id64, spanID, "", trace.Deny}},
	{name: "sampled is empty", header: ids(xSampled, ""), want: said{id64, spanID, "", trace.Defer}},
	{name: "sampled is 2", header: ids(xSampled, "2"), malformed: true},
	{name: "sampled is d", header: ids(xSampled, "d"), malformed: true},
	{name: "sampled is yes", header: ids(xSampled, "yes"), malformed: true},
	{name: "sampled is false with a long s", header: ids(xSampled, "fal\u017fe"), malformed: true}, // Unicode folds ſ to s, but ſ is no s in a header
	{name: "sampled is malformed", header: ids(xSampled, canary), malformed: true},
	{name: "sampled is malformed beside debug", header: ids(xSampled, canary, xFlags, "1"), malformed: true},
	{name: "sampled is malformed, alone", header: testkit.Header(xSampled, canary), malformed: true},
	{name: "sampled is malformed beside debug, no IDs", header: testkit.Header(xSampled, canary, xFlags, "1"), malformed: true},

	// X-B3-Flags.
	{name: "flags win over sampled 0", header: ids(xSampled, "0", xFlags, "1"), want: said{id64, spanID, "", trace.Debug}},
	{name: "flags win over sampled 1", header: ids(xSampled, "1", xFlags, "1"), want: said{id64, spanID, "", trace.Debug}},
	{name: "flags of Finagle at 0.1 %", header: ids(xFlags, "7853347705"), want: said{id64, spanID, "", trace.Debug}},
	{name: "flags of Finagle, zeros in front", header: ids(xFlags, "018446744073709551415"), want: said{id64, spanID, "", trace.Debug}},
	{name: "flags of Finagle win over sampled", header: ids(xSampled, "false", xFlags, "7853347705"), want: said{id64, spanID, "", trace.Debug}},
	{name: "flags are 9, the smallest value of Finagle with debug", header: ids(xFlags, "9"), want: said{id64, spanID, "", trace.Debug}},
	{name: "flags are 64 bits", header: ids(xFlags, "18446744073709551615"), want: said{id64, spanID, "", trace.Debug}},
	{name: "flags of Finagle without debug", header: ids(xSampled, "1", xFlags, "7853347704"), want: said{id64, spanID, "", trace.Accept}},
	{name: "flags are 0", header: ids(xSampled, "0", xFlags, "0"), want: said{id64, spanID, "", trace.Deny}},
	{name: "flags are 3", header: ids(xFlags, "3"), want: said{id64, spanID, "", trace.Defer}},
	{name: "flags are 5", header: ids(xFlags, "5"), want: said{id64, spanID, "", trace.Defer}},
	{name: "flags are 7", header: ids(xFlags, "7"), want: said{id64, spanID, "", trace.Defer}},
	{name: "flags are 8", header: ids(xFlags, "8"), want: said{id64, spanID, "", trace.Defer}},
	{name: "flags are 01", header: ids(xFlags, "01"), want: said{id64, spanID, "", trace.Defer}},
	{name: "flags are +9", header: ids(xFlags, "+9"), want: said{id64, spanID, "", trace.Defer}},
	{name: "flags are -9", header: ids(xFlags, "-9"), want: said{id64, spanID, "", trace.Defer}},
	{name: "flags are 1_1", header: ids(xFlags, "1_1"), want: said{id64, spanID, "", trace.Defer}},
	{name: "flags are 0x9", header: ids(xFlags, "0x9"), want: said{id64, spanID, "", trace.Defer}},
	{name: "flags are more than 64 bits", header: ids(xFlags, "18446744073709551617"), want: said{id64, spanID, "", trace.Defer}},
	{name: "flags are true", header: ids(xFlags, "true"), want: said{id64, spanID, "", trace.Defer}},

	// Decisions without IDs.
	{name: "sampled 0 alone", header: testkit.Header(xSampled, "0"), want: said{State: trace.Deny}},
	{name: "sampled 1 alone", header: testkit.Header(xSampled, "1"), want: said{State: trace.Accept}},
	{name: "sampled false alone", header: testkit.Header(xSampled, "false"), want: said{State: trace.Deny}},
	{name: "sampled true alone", header: testkit.Header(xSampled, "true"), want: said{State: trace.Accept}},
	{name: "flags alone", header: testkit.Header(xFlags, "1"), want: said{State: trace.Debug}},
	{name: "flags of Finagle alone", header: testkit.Header(xFlags, "7853347705"), want: said{State: trace.Debug}},
	{name: "flags 0 alone", header: testkit.Header(xFlags, "0")},
	{name: "sampled 0 and a parent", header: testkit.Header(xSampled, "0", xParent, parentID), want: said{State: trace.Deny}},

	// One ID without the other is malformed. A decision beside malformed IDs is not used.
	{name: "no span ID", header: testkit.Header(xTrace, "cacacacacacacaca"), malformed: true},
	{name: "no trace ID", header: testkit.Header(xSpan, "cacacacacacacaca"), malformed: true},
	{name: "no span ID, but a decision", header: testkit.Header(xTrace, "cacacacacacacaca", xSampled, "1"), malformed: true},
	{name: "no trace ID, but debug", header: testkit.Header(xSpan, "cacacacacacacaca", xFlags, "1"), malformed: true},
	{name: "no trace ID, but a parent", header: testkit.Header(xSpan, "cacacacacacacaca", xParent, parentID), malformed: true},
	{name: "malformed trace ID", header: badIDs(), malformed: true},
	{name: "malformed trace ID and deny", header: badIDs(xSampled, "0"), malformed: true},
	{name: "malformed trace ID and accept", header: badIDs(xSampled, "1"), malformed: true},
	{name: "malformed trace ID and debug", header: badIDs(xFlags, "1"), malformed: true},
	{name: "malformed span ID and deny", header: testkit.Header(xTrace, id64, xSpan, canary, xSampled, "0"), malformed: true},
	{name: "malformed span ID and debug", header: testkit.Header(xTrace, id64, xSpan, canary, xFlags, "1"), malformed: true},
	{name: "trace ID of 15 digits", header: testkit.Header(xTrace, "cacacaca1234567", xSpan, spanID), malformed: true},
	{name: "trace ID of 17 digits", header: testkit.Header(xTrace, "cacacaca123456789", xSpan, spanID), malformed: true},
	{name: "trace ID of 31 digits", header: testkit.Header(xTrace, "cacacaca123456789012345678901ab", xSpan, spanID), malformed: true},
	{name: "trace ID of 33 digits", header: testkit.Header(xTrace, "cacacaca123456789012345678901abcd", xSpan, spanID), malformed: true},
	{name: "zero trace ID", header: testkit.Header(xTrace, zeros, xSpan, "cacacacacacacaca"), malformed: true},
	{name: "zero trace ID of 32 digits", header: testkit.Header(xTrace, zeros+zeros, xSpan, "cacacacacacacaca"), malformed: true},
	{name: "zero span ID", header: testkit.Header(xTrace, "cacacacacacacaca", xSpan, zeros), malformed: true},
	{name: "span ID of 15 digits", header: testkit.Header(xTrace, id64, xSpan, "cacacaca1234567"), malformed: true},
	{name: "span ID of 32 digits", header: testkit.Header(xTrace, id64, xSpan, strings.Repeat(canary, 4)), malformed: true},
	{name: "trace ID with 0x", header: testkit.Header(xTrace, "0xcacacaca123456", xSpan, spanID), malformed: true},
	{name: "trace ID with a plus", header: testkit.Header(xTrace, "+cacacaca1234567", xSpan, spanID), malformed: true},
	{name: "trace ID with an underscore", header: testkit.Header(xTrace, "cacacaca_1234567", xSpan, spanID), malformed: true},
	{name: "trace ID with a space inside", header: testkit.Header(xTrace, "cacacaca 1234567", xSpan, spanID), malformed: true},
	{name: "trace ID is a UUID", header: testkit.Header(xTrace, "cacacaca-e988-4d86-ae3f-e1be46a99427", xSpan, spanID), malformed: true},
	{name: "trace ID in full-width digits", header: testkit.Header(xTrace, "cacacaca１２ab", xSpan, spanID), malformed: true},
	{name: "no-break space is not trimmed", header: testkit.Header(xTrace, "\u00a0cacacacacacacaca", xSpan, spanID), malformed: true},
	{name: "line end inside", header: testkit.Header(xTrace, "cacacaca\r\n123456", xSpan, spanID), malformed: true},
	{name: "huge", header: testkit.Header(xTrace, strings.Repeat(canary, 200), xSpan, strings.Repeat(canary, 200), xParent, strings.Repeat(canary, 200)), malformed: true},

	// If both forms are there, b3 wins as a whole.
	{name: "b3 wins, its IDs are used", header: testkit.Header("b3", id128+"-"+spanID+"-1", xTrace, id64, xSpan, parentID), want: said{id128, spanID, "", trace.Accept}},
	{name: "b3 wins, the X-B3 parent is not merged", header: testkit.Header("b3", id128+"-"+spanID+"-1", xTrace, id128, xSpan, spanID, xParent, parentID), want: said{id128, spanID, "", trace.Accept}},
	{name: "b3 wins, the X-B3 decision is not merged", header: testkit.Header("b3", id128+"-"+spanID, xSampled, "0"), want: said{id128, spanID, "", trace.Defer}},
	{name: "b3 wins, the X-B3 flags are not merged", header: testkit.Header("b3", id128+"-"+spanID+"-0", xFlags, "1"), want: said{id128, spanID, "", trace.Deny}},
	{name: "b3 wins over malformed X-B3", header: testkit.Header("b3", id128+"-"+spanID+"-1", xTrace, canary, xSampled, "nonsense"), want: said{id128, spanID, "", trace.Accept}},
	{name: "a lone debug in b3 wins over good X-B3", header: ids("b3", "d", xSampled, "0"), want: said{State: trace.Debug}},
	{name: "a lone deny in b3 wins over good X-B3", header: ids("b3", "0", xSampled, "1"), want: said{State: trace.Deny}},
	{name: "empty b3 is absent", header: ids("b3", "", xSampled, "1"), want: said{id64, spanID, "", trace.Accept}},
	{name: "blank b3 is absent", header: ids("b3", " \t", xSampled, "1"), want: said{id64, spanID, "", trace.Accept}},
	{name: "malformed b3 is absent", header: ids("b3", canary, xSampled, "1"), want: said{id64, spanID, "", trace.Accept}},
	{name: "rejected b3 leaves no debug", header: ids("b3", canary+"-"+spanID+"-d", xSampled, "0"), want: said{id64, spanID, "", trace.Deny}},
	{name: "debug of a rejected b3 is not used, and X-B3 without a decision stays a defer", header: ids("b3", id128+"-"+spanID+"-d-"+canary), want: said{id64, spanID, "", trace.Defer}},
	{name: "rejected b3 leaves no IDs", header: testkit.Header("b3", "cacacacacacacaca-"+spanID+"-2", xSampled, "0"), want: said{State: trace.Deny}},
	{name: "malformed b3 alone", header: testkit.Header("b3", canary), malformed: true},
	{name: "malformed b3, and a parent alone", header: testkit.Header("b3", canary, xParent, parentID), malformed: true},
	{name: "both malformed", header: badIDs("b3", canary, xSampled, "1"), malformed: true},
	{name: "malformed b3, then malformed sampled", header: testkit.Header("b3", canary, xSampled, canary), malformed: true},
	{name: "a second b3 is not read after a malformed first", header: testkit.Header("b3", canary, "b3", id64+"-"+spanID), malformed: true},
}

// allHeaderRows returns headerRows, and each of singleRows as a b3 header.
func allHeaderRows() []headerRow {
	rows := headerRows[:len(headerRows):len(headerRows)]
	for _, r := range singleRows {
		rows = append(rows, headerRow{"b3: " + r.name, testkit.Header("b3", r.in), r.want, r.malformed})
	}
	return rows
}

// plainError matches the errors that are allowed about input: a few fixed words of clew's, without
// the input.
var plainError = regexp.MustCompile(`^trace: malformed [bB]3: [A-Za-z0-9 ,]+$`)

func checkError(t *testing.T, call string, err error) {
	t.Helper()
	require.Error(t, err, "%s: got no error, want one", call)
	assert.Regexp(t, plainError, err.Error(), "%s: text of the error", call)
	assert.NotContains(t, strings.ToLower(err.Error()), canary, "%s: the error quotes the input", call)
}

// Each malformed row contains the canary, so that a test can see whether an error quotes the
// input. No two rows have the same name.
func TestRowsHoldTheCanary(t *testing.T) {
	for _, r := range singleRows {
		if r.malformed && len(r.in) >= len(canary) {
			assert.Contains(t, r.in, canary, "row %q", r.name)
		}
	}
	seen := map[string]bool{}
	for _, r := range allHeaderRows() {
		assert.False(t, seen[r.name], "two rows are named %q", r.name)
		seen[r.name] = true
	}
}

func TestParse(t *testing.T) {
	for _, r := range singleRows {
		t.Run(r.name, func(t *testing.T) {
			b, err := trace.Parse(r.in)
			if r.malformed {
				checkError(t, "Parse", err)
				assert.Equal(t, trace.B3{}, b, "Parse(%q): B3 beside the error", r.in)
				return
			}
			require.NoError(t, err, "Parse(%q)", r.in)
			assert.Equal(t, r.want, testkit.SaidBy(b), "Parse(%q)", r.in)
		})
	}
}

func TestParseEmpty(t *testing.T) {
	for _, in := range []string{"", " ", "\t \t"} {
		b, err := trace.Parse(in)
		checkError(t, "Parse of nothing", err)
		assert.Equal(t, trace.B3{}, b, "Parse(%q): B3 beside the error", in)
	}
}

func TestFromHeader(t *testing.T) {
	for _, r := range allHeaderRows() {
		t.Run(r.name, func(t *testing.T) {
			before := r.header.Clone()
			b, err := trace.FromHeader(r.header)
			assert.Equal(t, before, r.header, "FromHeader changed the header")
			if r.malformed {
				checkError(t, "FromHeader", err)
				assert.Equal(t, trace.B3{}, b, "FromHeader(%v): B3 beside the error", r.header)
				return
			}
			require.NoError(t, err, "FromHeader(%v)", r.header)
			assert.Equal(t, r.want, testkit.SaidBy(b), "FromHeader(%v)", r.header)
		})
	}
}

func TestFromHeaderNone(t *testing.T) {
	for _, h := range []http.Header{nil, {}, {"B3": nil}, {"B3": {}}, {"B3": {""}}, {"X-B3-Sampled": {}}} {
		b, err := trace.FromHeader(h)
		assert.NoError(t, err, "FromHeader(%#v)", h)
		assert.Equal(t, trace.B3{}, b, "FromHeader(%#v)", h)
	}
}

func TestB3String(t *testing.T) {
	for _, tt := range []struct {
		name string
		b    trace.B3
		want string
	}{
		{"zero", trace.B3{}, ""},
		{"lone deny", trace.B3{Sampling: trace.Deny}, "0"},
		{"lone accept", trace.B3{Sampling: trace.Accept}, "1"},
		{"lone debug", trace.B3{Sampling: trace.Debug}, "d"},
		{"defer", testkit.B3(id64 + "-" + spanID), id64 + "-" + spanID},
		{"deny", testkit.B3(id128 + "-" + spanID + "-0"), id128 + "-" + spanID + "-0"},
		{"with a parent", testkit.B3(id128 + "-" + spanID + "-d-" + parentID), id128 + "-" + spanID + "-d-" + parentID},
		{"a parent without a state is left out", testkit.B3(id64 + "-" + spanID + "-" + parentID), id64 + "-" + spanID},
		{"a zero high half stays as it came", testkit.B3(idWide + "-" + spanID + "-1"), idWide + "-" + spanID + "-1"},
		{"a zero high half of unknown width", trace.B3{TraceID: testkit.B3(idWide + "-" + spanID).TraceID, SpanID: testkit.B3(id64 + "-" + spanID).SpanID}, idWide[16:] + "-" + spanID},
		{"upper case is lowered", testkit.B3(strings.ToUpper(id128 + "-" + spanID)), id128 + "-" + spanID},
		{"trace ID without span ID", trace.B3{TraceID: testkit.B3(id64 + "-" + spanID).TraceID, Sampling: trace.Accept}, "1"},
		{"span ID without trace ID", trace.B3{SpanID: testkit.B3(id64 + "-" + spanID).SpanID}, ""},
		{"an unknown state counts as a defer", trace.B3{Sampling: 77}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, tt.b.String(), "String of %+v", tt.b)
		})
	}
}

func TestB3AppendTraceID(t *testing.T) {
	for _, text := range []string{id64, id128, idWide} {
		b := testkit.B3(text + "-" + spanID)
		assert.Equal(t, "id="+text, string(b.AppendTraceID([]byte("id="))), "AppendTraceID of %s", text)
	}
	assert.Equal(t, "id=", string(trace.B3{}.AppendTraceID([]byte("id="))), "AppendTraceID of the zero B3")
}

func TestB3ID(t *testing.T) {
	for _, tt := range []struct {
		name string
		b    trace.B3
		want string
	}{
		{"16 digits", testkit.B3(id64 + "-" + spanID), id64},
		{"32 digits", testkit.B3(id128 + "-" + spanID), id128},
		{"32 digits with a zero high half", testkit.B3(idWide + "-" + spanID), idWide},
		{"a zero high half of unknown width", trace.B3{TraceID: testkit.B3(idWide + "-" + spanID).TraceID}, idWide[16:]},
		{"upper case", testkit.B3(strings.ToUpper(id64 + "-" + spanID)), id64},
		{"no span ID", trace.B3{TraceID: testkit.B3(id128 + "-" + spanID).TraceID}, id128},
		{"no trace ID", trace.B3{SpanID: testkit.B3(id64 + "-" + spanID).SpanID}, ""},
		{"a lone state", testkit.B3("0"), ""},
		{"the zero B3", trace.B3{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, tt.want, tt.b.ID(), "ID of %+v", tt.b)
			if tt.b.TraceID.IsValid() && tt.b.SpanID.IsValid() {
				assert.Equal(t, trace.ID(trace.NewContext(context.Background(), tt.b)), tt.b.ID(), "ID, and trace.ID of a context with the same B3")
			}
		})
	}
	b := testkit.B3(id64 + "-" + spanID)
	assert.LessOrEqual(t, testing.AllocsPerRun(100, func() { _ = b.ID() }), 1.0, "allocations of ID")
}

func TestSamplingString(t *testing.T) {
	for s, want := range map[trace.Sampling]string{
		trace.Defer: "defer", trace.Deny: "deny", trace.Accept: "accept", trace.Debug: "debug", 77: "defer",
	} {
		assert.Equal(t, want, s.String(), "String of state %d", uint8(s))
	}
}

// Each digit of each ID is replaced by each possible byte. Parse accepts the same bytes as
// encoding/hex, and reads the same IDs.
func TestParseEachDigit(t *testing.T) {
	const header = "0aF93cD7e8b1c2A4f5d60718293a4bCd-ABcdef0123456789-1-f0E1d2c3b4a59687"
	for at := range len(header) {
		if header[at] == '-' || at == strings.Index(header, "-1-")+1 {
			continue
		}
		for c := range 256 {
			in := header[:at] + string([]byte{byte(c)}) + header[at+1:]
			digits := strings.Split(header, "-")
			part := strings.Count(header[:at], "-")
			digits[part] = strings.Split(in, "-")[part]
			want, err := hex.DecodeString(digits[0] + digits[1] + digits[3])
			b, failed := trace.Parse(in)
			if err != nil || c == '-' {
				require.Error(t, failed, "%q", in)
				continue
			}
			require.NoError(t, failed, "%q", in)
			require.Equal(t, want, slices.Concat(b.TraceID[:], b.SpanID[:], b.ParentSpanID[:]), "%q", in)
		}
	}
}
