package canary

import (
	"net/http"
	"strings"
)

// Hostile returns rows that are known to break services. Such a service panics, mixes two traces,
// loses a good trace, or writes the value of a header into its log. No value has a control
// character, so that net/http sends all rows.
//
// In rows that are well-formed by B3's rules, TraceID is the ID that must come out of the service.
func Hostile(ids func() IDs) []Row {
	rows := append(malformed(ids), misread(ids)...)
	for i := range rows {
		rows[i].Hostile = true
	}
	return rows
}

// malformed returns rows with malformed headers. No part of them may come out of the service.
func malformed(ids func() IDs) []Row {
	row := func(name, encoding string, refused func(IDs) string, header func(i IDs, id string) http.Header) Row {
		i := ids()
		id := refused(i)
		return Row{Name: name, Header: header(i, id), Encoding: encoding, Refused: id}
	}
	whole := func(i IDs) string { return i.Trace }
	long := func(i IDs) string { return i.Low() + "7" }
	b3 := func(tail func(IDs) string) func(IDs, string) http.Header {
		return func(i IDs, id string) http.Header { return headers("b3", id+tail(i)) }
	}
	rows := []Row{
		row("b3 ends behind the trace ID", Single, whole, b3(func(IDs) string { return "-" })),
		row("b3 with a bad separator", Single, whole, b3(func(i IDs) string { return "-" + i.Span + "!1" })),
		row("b3 with a trace ID of 17 digits", Single, long, b3(func(i IDs) string { return "-" + i.Span + "-1" })),
		row("X-B3-Sampled is no state", Multi, whole, func(i IDs, id string) http.Header { return multi(id, i, sampledHeader, "yes") }),
		row("b3 of 4,000 digits", Single, whole, func(_ IDs, id string) http.Header { return headers("b3", strings.Repeat(id, 125)) }),
	}
	i := ids()
	mark := `canary"` + i.Span
	forged := row("a b3 that forges a field of a log", Single, whole, func(i IDs, id string) http.Header {
		return headers("b3", id+","+mark+`","evil":"1`)
	})
	forged.Mark = mark
	return append(rows, forged)
}

// misread returns rows whose trace or decision must come out of the service, but often does not.
func misread(ids func() IDs) []Row {
	row := func(name, state, encoding string, header func(IDs) http.Header) Row {
		i := ids()
		return Row{Name: name, Header: header(i), TraceID: i.Trace, SpanID: i.Span, State: state, Width: Width128, Encoding: encoding}
	}
	first, second := ids().Trace, ids().Trace // IDs that must be ignored
	upper := row("upper case, as HAProxy sends", Accept, Single, func(i IDs) http.Header {
		return headers("b3", strings.ToUpper(i.Trace+"-"+i.Span)+"-1")
	})
	upper.Width = Upper128
	rows := []Row{
		upper,
		row("X-B3-ParentSpanId is a dash", Accept, Multi, func(i IDs) http.Header {
			return headers(traceHeader, i.Trace, spanHeader, i.Span, parentHeader, "-", sampledHeader, "1")
		}),
		row("X-B3-Sampled is true", Accept, Multi, func(i IDs) http.Header { return multi(i.Trace, i, sampledHeader, "true") }),
		row("X-B3 beside a malformed b3 with debug", Deny, "", func(i IDs) http.Header {
			return multi(i.Trace, i, sampledHeader, "0", "b3", first+"-"+i.Span+"-d-zz")
		}),
		row("b3 twice, of which the first counts", Accept, Single, func(i IDs) http.Header {
			return headers("b3", i.Trace+"-"+i.Span+"-1", "b3", second+"-"+i.Span+"-0")
		}),
		Lone()[0], // the state deny without IDs: OpenTelemetry samples such a trace nevertheless
	}
	rows[3].Refused, rows[4].Refused = first, second
	return rows
}
