// Package canary makes headers of requests with known traces, to find out what a hop does with a
// trace. Some of the headers should be understood by every service. Others are known to break
// services.
//
// Packages cmd/clew, internal/hoptest and internal/testkit import it. It is a package of its own
// because clew doctor sends to a service the same headers that our tests send through our
// packages.
package canary

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"strings"
)

// The states of B3, as texts. A row without a decision has no state.
const (
	Defer  = "defer"
	Deny   = "deny"
	Accept = "accept"
	Debug  = "debug"
)

// The encodings of a row.
const (
	Single = "b3"
	Multi  = "X-B3"
	W3C    = "traceparent"
)

// The widths of a row's trace ID, as it is sent.
const (
	Width64  = "64 bit"
	Width128 = "128 bit"
	ZeroHigh = "128 bit with a zero high half"
	Upper64  = "64 bit in upper case"
	Upper128 = "128 bit in upper case"
)

// IDs are the IDs of a row, in lower-case hexadecimal: 32, 16 and 16 digits.
type IDs struct{ Trace, Span, Parent string }

// Low returns the trace ID of 64 bits.
func (ids IDs) Low() string { return ids.Trace[16:] }

// Random returns new IDs. Each half of 16 digits has a letter and a decimal digit, so that no
// reader takes an ID for a number or a word.
func Random() IDs { return IDs{random() + random(), random(), random()} }

func random() string {
	for {
		var id [8]byte
		rand.Read(id[:])
		text := hex.EncodeToString(id[:])
		if strings.ContainsAny(text, "abcdef") && strings.ContainsAny(text, "123456789") {
			return text
		}
	}
}

// Row is the trace of a request.
type Row struct {
	Name   string
	Header http.Header

	// TraceID is the trace ID that must come out of the service, as text. "": the service should
	// begin a new trace.
	TraceID string
	SpanID  string // of the caller's span; "": none
	Parent  string // the parent ID of the caller's span; "": none
	State   string // the caller's decision; "": the row has no trace, and no decision

	Width    string // how TraceID was sent
	Encoding string // "": none, or several

	Hostile bool // the row is known to break services

	// Refused is an ID in a malformed header. It must not come out of the service. "": none.
	Refused string

	// Mark is a text in a malformed value. It must not come out of the service unchanged, whatever
	// is around it. It contains a quote, which writers of JSON and logfmt escape. "": none.
	Mark string
}

// None returns the row of a request without a trace.
func None() Row { return Row{Name: "no headers", Header: http.Header{}} }

// headers makes a header of names and values.
func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}
