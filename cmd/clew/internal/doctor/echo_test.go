package doctor_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"example.com/clew/cmd/clew/internal/doctor"
	"github.com/stretchr/testify/assert"
)

// echoing has services whose answers show what they were sent. If such a service begins no trace
// of its own, its answer proves nothing. If the answer also shows another trace, the service has
// lost the caller's trace.
var echoing = []struct {
	name    string
	set     func(w http.Header, r *http.Request)
	verdict doctor.Kind
}{
	{"the header as it is, even if it is empty", func(w http.Header, r *http.Request) { w.Set("X-B3-TraceId", r.Header.Get("X-B3-TraceId")) }, doctor.Echoed},
	{"all headers", func(w http.Header, r *http.Request) { w.Set("X-Debug-Request", fmt.Sprint(r.Header)) }, doctor.Echoed},
	{"all headers, beside the ID of a proxy", func(w http.Header, r *http.Request) {
		w.Set("X-Debug-Request", anotherTrace+fmt.Sprint(r.Header))
	}, doctor.Echoed},
	{"the header in a longer text", func(w http.Header, r *http.Request) { w.Set("B3", "x"+r.Header.Get("b3")) }, doctor.Echoed},
	{"short IDs under another name", func(w http.Header, r *http.Request) {
		if id := hear(r.Header).trace; len(id) == 16 {
			w.Set("X-Trace-Id", id)
		}
	}, doctor.Echoed},
	{"the ID as a request ID, beside a new trace", func(w http.Header, r *http.Request) {
		w.Set("X-Request-Id", orNew(hear(r.Header).trace))
		w.Set("X-B3-TraceId", fmt.Sprintf("%032x", 0xabcdef00000+next()))
	}, doctor.Restarted},
	{"the ID as a request ID, beside a new trace in Server-Timing", func(w http.Header, r *http.Request) {
		w.Set("X-Request-Id", orNew(hear(r.Header).trace))
		w.Set("Server-Timing", fmt.Sprintf(`traceparent;desc="00-%032x-%s-01"`, 0xabcdef00000+next(), anotherSpan))
	}, doctor.Restarted},
}

func TestEchoes(t *testing.T) {
	for _, test := range echoing {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := config().Examine(t.Context(), target(t, serve(t, func(w http.ResponseWriter, r *http.Request) { test.set(w.Header(), r) })))
			assert.Equal(t, test.verdict, d.Verdict, "%+v", d)
			assert.Zero(t, find(d, doctor.Adopted, "response").Count, "%+v", d)
		})
	}
}

// If the request without headers fails, it is sent again, because it shows whether the service
// begins traces.
func TestFirstRequestFails(t *testing.T) {
	for _, echoes := range []bool{false, true} {
		var n atomic.Int32
		url := serve(t, func(w http.ResponseWriter, r *http.Request) {
			id := hear(r.Header).trace
			if !echoes {
				id = orNew(id)
			}
			w.Header().Set("X-B3-TraceId", id)
			if n.Add(1) == 1 {
				w.Header().Del("X-B3-TraceId")
				w.WriteHeader(http.StatusServiceUnavailable)
			}
		})
		d := config().Examine(t.Context(), target(t, url))
		assert.Equal(t, map[bool]doctor.Kind{false: doctor.Adopted, true: doctor.Echoed}[echoes], d.Verdict, "%+v", d)
		assert.Equal(t, 18, d.Requests)
	}
}

// A sampling decision in the response affects the verdict. If the response shows no decision, the
// diagnosis says so.
func TestDecisionInResponse(t *testing.T) {
	for _, test := range []struct {
		name    string
		state   func(string) string
		verdict doctor.Kind
		says    string
	}{
		{"keeps the decision", func(state string) string { return dash(state) }, doctor.Adopted, "the same ID, the same decision"},
		{"samples all", func(string) string { return "-1" }, doctor.Resampled, "does not keep the decision"},
		{"does not show a decision", func(string) string { return "" }, doctor.Adopted, "The decision was not seen"},
	} {
		d := config().Examine(t.Context(), target(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
			in := hear(r.Header)
			w.Header().Set("b3", orNew(in.trace)+"-"+anotherSpan+test.state(in.state))
		})))
		assert.Equal(t, test.verdict, d.Verdict, "%s: %+v", test.name, d)
		assert.Contains(t, d.Says, test.says, test.name)
	}
}
