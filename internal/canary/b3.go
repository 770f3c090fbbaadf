package canary

import (
	"net/http"
	"strings"
)

// The names of the headers.
const (
	traceHeader   = "X-B3-TraceId"
	spanHeader    = "X-B3-SpanId"
	parentHeader  = "X-B3-ParentSpanId"
	sampledHeader = "X-B3-Sampled"
	flagsHeader   = "X-B3-Flags"
)

// B3 returns a row for each width of IDs, state and encoding. It calls ids once for each row.
func B3(ids func() IDs) []Row {
	var rows []Row
	for _, width := range []string{Width64, Width128, ZeroHigh, Upper64, Upper128} {
		for _, state := range []string{Defer, Deny, Accept, Debug} {
			for _, encoding := range []string{Single, Multi} {
				rows = append(rows, b3Row(ids(), width, state, encoding))
			}
		}
	}
	return rows
}

func b3Row(ids IDs, width, state, encoding string) Row {
	sent := sentAs(ids, width)
	r := Row{
		Name:    width + ", " + state + ", " + encoding,
		TraceID: strings.ToLower(sent), SpanID: ids.Span, Parent: ids.Parent, State: state, Width: width, Encoding: encoding,
	}
	if encoding == Single {
		r.Header = single(sent, ids, state)
		if state == Defer {
			r.Parent = ""
		}
		return r
	}
	r.Header = multi(sent, ids)
	switch state {
	case Deny:
		r.Header.Set(sampledHeader, "0")
	case Accept:
		r.Header.Set(sampledHeader, "1")
	case Debug:
		r.Header.Set(flagsHeader, "1")
	}
	return r
}

func sentAs(ids IDs, width string) string {
	switch width {
	case Width64:
		return ids.Low()
	case ZeroHigh:
		return strings.Repeat("0", 16) + ids.Low()
	case Upper64:
		return strings.ToUpper(ids.Low())
	case Upper128:
		return strings.ToUpper(ids.Trace)
	}
	return ids.Trace
}

// single returns the header b3. In the state defer, the header has no parent, because few
// libraries read the form TRACE-SPAN-PARENT.
func single(trace string, ids IDs, state string) http.Header {
	value := trace + "-" + ids.Span
	if digit := map[string]string{Deny: "0", Accept: "1", Debug: "d"}[state]; digit != "" {
		value += "-" + digit + "-" + ids.Parent
	}
	return headers("b3", value)
}

func multi(trace string, ids IDs, more ...string) http.Header {
	return headers(append([]string{traceHeader, trace, spanHeader, ids.Span, parentHeader, ids.Parent}, more...)...)
}

// Traceparent returns a row for each of the two states of W3C's header.
func Traceparent(ids func() IDs) []Row {
	var rows []Row
	for _, state := range []string{Deny, Accept} {
		i := ids()
		flags := map[string]string{Deny: "00", Accept: "01"}[state]
		rows = append(rows, Row{
			Name: Width128 + ", " + state + ", " + W3C, Header: headers("traceparent", "00-"+i.Trace+"-"+i.Span+"-"+flags),
			TraceID: i.Trace, SpanID: i.Span, State: state, Width: Width128, Encoding: W3C,
		})
	}
	return rows
}

// Lone returns rows that have a decision, but no IDs. A service should begin a new trace with this
// decision.
func Lone() []Row {
	row := func(state, encoding string, pairs ...string) Row {
		return Row{Name: state + " alone, " + encoding, Header: headers(pairs...), State: state, Encoding: encoding}
	}
	return []Row{
		row(Deny, Single, "b3", "0"),
		row(Accept, Multi, sampledHeader, "1"),
		row(Debug, Single, "b3", "d"),
		row(Debug, Multi, flagsHeader, "1"),
	}
}

// Debugging returns rows that ask for debug in ways that the rows of [B3] do not.
func Debugging(ids func() IDs) []Row {
	row := func(name, encoding string, header func(IDs) http.Header) Row {
		i := ids()
		return Row{Name: name, Header: header(i), TraceID: i.Trace, SpanID: i.Span, State: Debug, Width: Width128, Encoding: encoding}
	}
	rows := []Row{
		row("debug without a parent, b3", Single, func(i IDs) http.Header { return headers("b3", i.Trace+"-"+i.Span+"-d") }),
		row("debug over deny, X-B3", Multi, func(i IDs) http.Header { return multi(i.Trace, i, flagsHeader, "1", sampledHeader, "0") }),
		row("Finagle's debug, X-B3", Multi, func(i IDs) http.Header { return multi(i.Trace, i, flagsHeader, "7853347705") }),
	}
	for _, r := range Lone() {
		if r.State == Debug {
			rows = append(rows, r)
		}
	}
	return rows
}
