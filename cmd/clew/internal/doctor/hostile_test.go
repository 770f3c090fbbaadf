package doctor_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"example.com/clew/cmd/clew/internal/doctor"
	"github.com/stretchr/testify/assert"
)

// careful reads B3 headers, and rejects malformed ones. A hostile canary is a request of clew
// doctor with malformed headers.
func careful(h http.Header) heard {
	in := hear(h)
	if len(in.trace) != 16 && len(in.trace) != 32 || len(in.span) != 16 || in.state != "" && !strings.Contains("0 1 d true", in.state) || strings.HasSuffix(h.Get("b3"), "zz") {
		return heard{}
	}
	return in
}

func TestHostile(t *testing.T) {
	tests := []struct {
		name    string
		handler http.HandlerFunc
		verdict doctor.Kind
		count   int
		of      int
		says    string
	}{
		{"panics", func(w http.ResponseWriter, r *http.Request) {
			if b3 := r.Header.Get("b3"); strings.HasSuffix(b3, "-") {
				panic(http.ErrAbortHandler)
			}
			w.Header().Set("X-B3-TraceId", orNew(careful(r.Header).trace))
		}, doctor.Crashed, 1, 12, "it closed the connection"},
		{"answers 500", func(w http.ResponseWriter, r *http.Request) {
			if strings.Contains(r.Header.Get("b3"), `"`) {
				w.WriteHeader(500)
			}
			w.Header().Set("X-B3-TraceId", orNew(careful(r.Header).trace))
		}, doctor.Crashed, 1, 12, "it answered 500 Internal Server Error"},
		{"echoes", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Debug", r.Header.Get("b3"))
			w.Header().Set("X-B3-TraceId", orNew(careful(r.Header).trace))
		}, doctor.Echoed, 1, 1, "in X-Debug"},
		{"believes malformed headers", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-B3-TraceId", orNew(hear(r.Header).trace))
		}, doctor.Misread, 4, 8, "out of a malformed header"},
		{"rejects malformed headers", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-B3-TraceId", orNew(careful(r.Header).trace))
			if careful(r.Header).trace == "" {
				w.WriteHeader(400)
			}
		}, doctor.Adopted, 14, 14, ""},
		{"restarts every trace, and so misreads nothing", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-B3-TraceId", fmt.Sprintf("%032x", 0xabcdef00000+next()))
		}, doctor.Misread, 0, 0, ""},
		{"answers every request with 500", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-B3-TraceId", orNew(careful(r.Header).trace))
			w.WriteHeader(500)
		}, doctor.Adopted, 14, 14, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c := config()
			c.Hostile = true
			d := c.Examine(t.Context(), target(t, serve(t, test.handler)))
			has(t, d, test.verdict, "response", test.count, test.of)
			assert.Contains(t, find(d, test.verdict, "response").Says, test.says)
			if test.verdict == doctor.Adopted {
				assert.Zero(t, find(d, doctor.Crashed, "response"), "%+v", d.Findings)
			}
			if test.verdict != doctor.Adopted && test.count > 0 {
				assert.Equal(t, test.verdict, d.Verdict, "%+v", d.Findings)
			}
		})
	}
}

// A canary has crashed the service if the service answers nothing after it.
func TestKilled(t *testing.T) {
	var dead atomic.Bool
	c := config()
	c.Hostile = true
	d := c.Examine(t.Context(), target(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		if dead.Load() || strings.HasSuffix(r.Header.Get("b3"), "-") {
			dead.Store(true)
			panic(http.ErrAbortHandler)
		}
		w.Header().Set("X-B3-TraceId", orNew(careful(r.Header).trace))
	})))
	assert.Equal(t, doctor.Crashed, d.Verdict, "%+v", d)
	has(t, d, doctor.Crashed, "response", 1, 12)
	assert.Equal(t, "b3 ends behind the trace ID", find(d, doctor.Crashed, "response").Canary)
}

// If a service logs a header, and does not escape the quotation marks in it, callers can forge log
// lines.
func TestForgedLine(t *testing.T) {
	for format, want := range map[string]int{`{"trace_id":"%s","b3":"%s"}`: 1, `{"trace_id":"%s","b3":%q}`: 0} {
		c := config()
		c.Hostile = true
		log, out, end := logTo(t)
		c.Log = log
		url := serve(t, func(w http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(out, format+"\n", orNew(careful(r.Header).trace), r.Header.Get("b3"))
		})
		d := c.Examine(t.Context(), target(t, url))
		end()
		assert.Equal(t, want, find(d, doctor.Echoed, "logs").Count, "%s: %+v", format, d)
	}
}

// A service may keep the sampling decision of a hostile canary, and reject its ID. If the lines
// show that, the service still withstands the canary.
func TestWithstands(t *testing.T) {
	c := config()
	c.Hostile = true
	log, out, end := logTo(t)
	c.Log = log
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		got := careful(r.Header)
		w.Header().Set("X-B3-TraceId", orNew(got.trace))
		fmt.Fprintf(out, `{"trace_id":"%s","sampled":%t}`+"\n", w.Header().Get("X-B3-TraceId"), got.state == "1" || got.state == "true")
	})
	d := c.Examine(t.Context(), target(t, url))
	end()
	// The function careful does not read X-B3-* beside a malformed b3.
	assert.Contains(t, d.Notes, "The service withstands 11 of 12 canaries that break other services.", "%+v", d)
}

// A line that shows a malformed header is no sign that the service has read the header.
func TestDumpedHostileHeaders(t *testing.T) {
	for format, want := range map[string]int{"GET /x headers=%v": 0, "GET /x headers=%v trace_id=%s": 4} {
		c := config()
		c.Hostile = true
		d := logged(t, c, func(in heard, r *http.Request) string {
			text := fmt.Sprintf(format, r.Header, orNew(in.trace))
			return strings.Split(text, "%!")[0]
		})
		assert.Equal(t, want, find(d, doctor.Misread, "logs").Count, "%s: %+v", format, d)
	}
}

// If a service sends a caller's debug flag on to other services, it has believed the caller.
func TestDebug(t *testing.T) {
	for _, believed := range []bool{true, false} {
		c, to := config(), ""
		c.Debug = true
		c.Listen, to = listen(t)
		url := caller(t, to, func(in heard, _ http.Header) http.Header {
			if !believed && in.state == "d" {
				in.state = "1"
			}
			return multi(orNew(in.trace), in.state)
		})
		d := c.Examine(t.Context(), target(t, url))
		f := find(d, doctor.DebugBelieved, "sent on")
		if !believed {
			assert.Zero(t, f.Count)
			continue
		}
		assert.Equal(t, doctor.DebugBelieved, d.Verdict)
		assert.Equal(t, 8, f.Count, "seven canaries with IDs, and the one with X-B3-Flags alone")
		assert.True(t, f.Fault)
	}
}
