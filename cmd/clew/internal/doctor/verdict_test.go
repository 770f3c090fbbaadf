package doctor_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/clew/cmd/clew/internal/doctor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// heard is the trace that a service reads from headers.
type heard struct{ trace, span, state string }

func hear(h http.Header) heard {
	if parts := strings.Split(h.Get("b3"), "-"); len(parts) > 1 {
		in := heard{trace: strings.ToLower(parts[0]), span: parts[1]}
		if len(parts) > 2 {
			in.state = parts[2]
		}
		return in
	}
	in := heard{strings.ToLower(h.Get("X-B3-TraceId")), h.Get("X-B3-SpanId"), h.Get("X-B3-Sampled")}
	if h.Get("X-B3-Flags") != "" {
		in.state = "d"
	}
	return in
}

const (
	anotherTrace = "00000000000000aa00000000000000bb"
	anotherSpan  = "00000000000000cc"
)

// orNew returns a trace's ID, or anotherTrace if there is none.
func orNew(id string) string {
	if id == "" {
		return anotherTrace
	}
	return id
}

// flag returns the state as a flag of traceparent.
func flag(state string) string {
	if state == "0" {
		return "0"
	}
	return "1"
}

func padded(id string) string { return strings.Repeat("0", 32-len(id)) + id }

// answers has services that show the trace in a response.
var answers = []struct {
	name    string
	header  string
	value   func(heard) string // "": the response has no such header
	verdict doctor.Kind
	count   int // how many canaries must show the verdict
	of      int // how many canaries could show it
}{
	{"adopts", "X-B3-TraceId", func(in heard) string { return orNew(in.trace) }, doctor.Adopted, 14, 14},
	{"adopts, in upper case", "X-Request-Id", func(in heard) string { return strings.ToUpper(orNew(in.trace)) }, doctor.Adopted, 14, 14},
	{"adopts, in a sentence", "X-Debug", func(in heard) string { return "trace=" + orNew(in.trace) + ";" }, doctor.Adopted, 14, 14},
	{"pads", "X-Trace-Id", func(in heard) string { return padded(orNew(in.trace)) }, doctor.Padded, 6, 6},
	{"traceresponse allows only 32 digits", "traceresponse", func(in heard) string {
		return "00-" + padded(orNew(in.trace)) + "-" + anotherSpan + "-0" + flag(in.state)
	}, doctor.Adopted, 14, 14},
	{"truncates", "X-B3-TraceId", func(in heard) string { return orNew(in.trace)[max(len(orNew(in.trace))-16, 0):] }, doctor.Truncated, 8, 8},
	{"cuts zeros", "X-B3-TraceId", func(in heard) string { return strings.TrimPrefix(orNew(in.trace), "0000000000000000") }, doctor.Truncated, 2, 8},
	{"restarts", "X-B3-TraceId", func(heard) string { return fmt.Sprintf("%032x", 0xabcdef00000+next()) }, doctor.Restarted, 16, 16},
	{"the same ID in all answers, as from a cache", "X-B3-TraceId", func(heard) string { return anotherTrace }, doctor.Unknown, 0, 0},
	{"another ID under a name that is no trace header", "X-Request-Id", func(heard) string { return anotherTrace }, doctor.Unknown, 0, 0},
	{"an ID of a network in front of the service", "X-Fb-Trace-Id", func(heard) string { return fmt.Sprintf("%032x", 0xabcdef00000+next()) }, doctor.Unknown, 0, 0},
	{"an ID of a load balancer in front of the service", "X-Amzn-Trace-Id", func(heard) string { return "Root=1-5759e988-bd862e3fe1be46a994272793" }, doctor.Unknown, 0, 0},
	{"the ID of another span", "X-B3-SpanId", func(heard) string { return anotherSpan }, doctor.Unknown, 0, 0},
	{"shows nothing", "X-Else", func(heard) string { return "" }, doctor.Unknown, 0, 0},
}

func TestAnswers(t *testing.T) {
	for _, test := range answers {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				if v := test.value(hear(r.Header)); v != "" {
					w.Header().Set(test.header, v)
				}
			})
			d := config().Examine(t.Context(), target(t, url))
			assert.Equal(t, test.verdict, d.Verdict, "verdict of %+v", d)
			assert.Equal(t, 17, d.Requests)
			if test.count > 0 {
				has(t, d, test.verdict, "response", test.count, test.of)
				assert.Equal(t, []string{"response"}, d.Evidence)
				assert.Equal(t, test.name == "cuts zeros", strings.Contains(d.Says, "cuts zeros"), d.Says)
				assert.Equal(t, doctor.Adopted != test.verdict, find(d, test.verdict, "response").Fault)
			} else {
				assert.Empty(t, d.Evidence)
				assert.Regexp(t, "The response shows no trace ID|All answers have one and the same ID", strings.Join(d.Notes, "\n"))
			}
		})
	}
}

// If a service reads only one encoding, the finding names the encoding whose traces are lost.
func TestOneEncoding(t *testing.T) {
	url := serve(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-B3-TraceId", orNew(r.Header.Get("X-B3-TraceId")))
	})
	d := config().Examine(t.Context(), target(t, url))
	assert.Equal(t, doctor.Restarted, d.Verdict)
	has(t, d, doctor.Adopted, "response", 7, 14)
	for _, f := range d.Findings {
		if f.Kind == doctor.Restarted && f.Fault {
			assert.Equal(t, 7, f.Count)
			assert.Contains(t, f.Says, "This concerns traces in b3; other traces go on.")
		}
	}
}

// calling has services that call the listener. The function headers returns the headers of the
// call.
var calling = []struct {
	name    string
	headers func(in heard, came http.Header) http.Header
	verdict doctor.Kind
	count   int // how many canaries must show the verdict
	of      int // how many canaries could show it
}{
	{"a proxy", func(_ heard, came http.Header) http.Header { return came.Clone() }, doctor.Unchanged, 17, 17},
	{"adopts", func(in heard, _ http.Header) http.Header { return multi(orNew(in.trace), in.state) }, doctor.Adopted, 15, 15},
	{"pads", func(in heard, _ http.Header) http.Header { return multi(padded(orNew(in.trace)), in.state) }, doctor.Padded, 7, 7},
	{"restarts", func(heard, http.Header) http.Header { return multi(anotherTrace, "1") }, doctor.Restarted, 17, 17},
	{"drops", func(heard, http.Header) http.Header { return http.Header{} }, doctor.Dropped, 17, 17},
	{"samples all", func(in heard, _ http.Header) http.Header { return multi(orNew(in.trace), "1") }, doctor.Resampled, 4, 11},
	{"samples none", func(in heard, _ http.Header) http.Header { return multi(orNew(in.trace), "0") }, doctor.Resampled, 7, 11},
	{"forgets the decision", func(in heard, _ http.Header) http.Header { return multi(orNew(in.trace), "") }, doctor.Resampled, 11, 11},
	{"sends the trace in another vendor's header", func(in heard, _ http.Header) http.Header {
		return http.Header{"Uber-Trace-Id": {in.trace + ":" + anotherSpan + ":0:1"}}
	}, doctor.Adopted, 15, 15},
	{"sends the ID in a header that nobody reads", func(in heard, _ http.Header) http.Header {
		return http.Header{"X-Correlation-Id": {in.trace}}
	}, doctor.Dropped, 17, 17},
	{"sends a trace without a span", func(in heard, _ http.Header) http.Header { return http.Header{"X-B3-Traceid": {orNew(in.trace)}} }, doctor.Malformed, 18, 18},
	{"sends a trace and a dash without a span, in b3", func(in heard, _ http.Header) http.Header { return http.Header{"B3": {orNew(in.trace) + "-"}} }, doctor.Malformed, 18, 18},
	{"the trace alone in b3", func(in heard, _ http.Header) http.Header { return http.Header{"B3": {orNew(in.trace)}} }, doctor.Malformed, 18, 18},
	{"a span of zeros", func(in heard, _ http.Header) http.Header {
		return http.Header{"X-B3-Traceid": {orNew(in.trace)}, "X-B3-Spanid": {"0000000000000000"}}
	}, doctor.Malformed, 18, 18},
	{"an invalid span", func(in heard, _ http.Header) http.Header { return http.Header{"B3": {orNew(in.trace) + "-xyz-1"}} }, doctor.Malformed, 18, 18},
	{"an invalid state", func(in heard, _ http.Header) http.Header {
		h := multi(orNew(in.trace), "1")
		h.Set("X-B3-Sampled", "yes")
		return h
	}, doctor.Malformed, 18, 18},
	{"a traceparent of 16 digits", func(in heard, _ http.Header) http.Header {
		return http.Header{"Traceparent": {"00-" + orNew(in.trace)[:16] + "-" + anotherSpan + "-01"}}
	}, doctor.Malformed, 18, 18},
	{"a malformed b3 beside a good one", func(in heard, _ http.Header) http.Header {
		h := multi(orNew(in.trace), in.state)
		h.Set("b3", orNew(in.trace))
		return h
	}, doctor.Malformed, 18, 18},
	{"mixes traces", func(in heard, _ http.Header) http.Header {
		h := multi(orNew(in.trace), in.state)
		h.Set("b3", anotherTrace+"-"+anotherSpan+"-1")
		return h
	}, doctor.Restarted, 17, 17},
	{"keeps the parent", func(in heard, came http.Header) http.Header {
		h := multi(orNew(in.trace), in.state)
		if parent := came.Get("X-B3-ParentSpanId"); parent != "" {
			h.Set("X-B3-ParentSpanId", parent)
		}
		return h
	}, doctor.Mixed, 8, 15},
	{"mixes spans", func(in heard, _ http.Header) http.Header {
		h := multi(orNew(in.trace), in.state)
		h.Set("b3", orNew(in.trace)+"-00000000000000dd"+dash(in.state))
		return h
	}, doctor.Mixed, 18, 18},
}

func dash(state string) string {
	if state == "" {
		return ""
	}
	return "-" + state
}

func multi(trace, state string) http.Header {
	h := http.Header{"X-B3-Traceid": {trace}, "X-B3-Spanid": {anotherSpan}}
	switch state {
	case "d":
		h.Set("X-B3-Flags", "1")
	case "0", "1":
		h.Set("X-B3-Sampled", state)
	}
	return h
}

// caller starts a service that calls a URL for each request. The function headers returns the
// headers of the call. The service follows no redirect.
func caller(t *testing.T, to string, headers func(in heard, came http.Header) http.Header) string {
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		out, err := http.NewRequestWithContext(r.Context(), http.MethodGet, to, nil)
		if err != nil {
			panic(err)
		}
		out.Header = headers(hear(r.Header), r.Header)
		out.Header.Set("User-Agent", "service")
		resp, err := client.Do(out)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		resp.Body.Close()
	})
}

func listen(t *testing.T) (l *doctor.Listen, url string) {
	t.Helper()
	l, err := doctor.NewListen("127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { l.Close() })
	return l, "http://" + l.Addr() + "/next"
}

func TestCalls(t *testing.T) {
	for _, test := range calling {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c, to := config(), ""
			c.Listen, to = listen(t)
			d := c.Examine(t.Context(), target(t, caller(t, to, test.headers)))
			assert.Equal(t, test.verdict, d.Verdict, "verdict of %+v", d)
			assert.Equal(t, 18, d.Requests)
			has(t, d, test.verdict, "sent on", test.count, test.of)
			assert.Equal(t, []string{"sent on"}, d.Evidence)
		})
	}
}

// Somebody else may call the listener now and then. Such calls do not count as the service's,
// because they do not come during most requests.
func TestForeignCalls(t *testing.T) {
	for name, headers := range map[string]http.Header{
		"without a trace": {}, "with another trace": multi(anotherTrace, "1"), "with the service's path": {"User-Agent": {"curl"}},
	} {
		t.Run(name, func(t *testing.T) {
			c, to := config(), ""
			c.Listen, to = listen(t)
			path := to
			if name != "with the service's path" {
				path = strings.Replace(to, "/next", "/health", 1)
			}
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			foreign := func() {
				r, err := http.NewRequest(http.MethodGet, path, nil)
				assert.NoError(t, err)
				r.Header = headers.Clone()
				resp, err := client.Do(r)
				if assert.NoError(t, err) {
					resp.Body.Close()
				}
			}
			var requests atomic.Int64
			url := caller(t, to, func(in heard, _ http.Header) http.Header {
				if requests.Add(1)%3 == 0 {
					foreign()
				}
				return multi(orNew(in.trace), in.state)
			})
			d := c.Examine(t.Context(), target(t, url))
			assert.Equal(t, doctor.Adopted, d.Verdict, "%+v", d)
			has(t, d, doctor.Adopted, "sent on", 15, 15)
		})
	}
}

// If a client follows a redirect to another host, and sends the trace's headers there, it leaks
// them.
func TestLeak(t *testing.T) {
	for _, leaks := range []bool{true, false} {
		t.Run(fmt.Sprint(leaks), func(t *testing.T) {
			c, to := config(), ""
			c.Listen, to = listen(t)
			client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
			if !leaks {
				client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
					r.Header = http.Header{}
					return nil
				}
			}
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				out, err := http.NewRequestWithContext(r.Context(), http.MethodGet, to, nil)
				assert.NoError(t, err)
				in := hear(r.Header)
				out.Header = multi(orNew(in.trace), in.state)
				resp, err := client.Do(out) // sends the headers on after a redirect
				if assert.NoError(t, err) {
					resp.Body.Close()
				}
			})
			d := c.Examine(t.Context(), target(t, url))
			if leaks {
				assert.Equal(t, doctor.Leaked, d.Verdict, "%+v", d)
				has(t, d, doctor.Leaked, "sent on", 1, 1)
				return
			}
			assert.Equal(t, doctor.Adopted, d.Verdict, "%+v", d)
			assert.Contains(t, strings.Join(d.Notes, "\n"), "the headers are not sent there, which is right")
		})
	}
}

// A header with the ID is a leak even if clew does not know the header's name.
func TestLeakByOtherNames(t *testing.T) {
	for _, name := range []string{"Uber-Trace-Id", "X-Trace-Id", "Referer"} {
		c, to := config(), ""
		c.Listen, to = listen(t)
		client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
		d := c.Examine(t.Context(), target(t, serve(t, func(_ http.ResponseWriter, r *http.Request) {
			out, err := http.NewRequestWithContext(r.Context(), http.MethodGet, to, nil)
			assert.NoError(t, err)
			in := hear(r.Header)
			out.Header.Set(name, "http://here/"+orNew(in.trace))
			client.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
				r.Header = http.Header{name: out.Header[name]}
				return nil
			}
			if resp, err := client.Do(out); assert.NoError(t, err) {
				resp.Body.Close()
			}
		})))
		assert.Equal(t, 1, find(d, doctor.Leaked, "sent on").Count, "%s: %+v", name, d)
	}
}

// If some canaries show that the trace goes on, and others show nothing in the same place, the
// others have the finding NotSeen, and the verdict is unknown.
func TestNotSeen(t *testing.T) {
	single := func(h http.Header) bool { return h.Get("b3") != "" || h.Get("X-B3-TraceId") == "" }
	check := func(where string, count, of int, d *doctor.Diagnosis) {
		t.Helper()
		assert.Equal(t, doctor.Unknown, d.Verdict, "%+v", d)
		has(t, d, doctor.Adopted, where, of-count, of)
		has(t, d, doctor.NotSeen, where, count, of)
		assert.Contains(t, find(d, doctor.NotSeen, where).Says, "This concerns traces in X-B3; other traces go on.")
		assert.True(t, (&doctor.Report{Targets: []*doctor.Diagnosis{d}}).Untold())
	}
	check("response", 7, 14, config().Examine(t.Context(), target(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		if single(r.Header) {
			w.Header().Set("X-Trace-Id", orNew(hear(r.Header).trace))
		}
	}))))
	c, to := config(), ""
	c.Listen, to = listen(t)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	check("sent on", 8, 15, c.Examine(t.Context(), target(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		in := hear(r.Header)
		w.Header().Set("X-B3-TraceId", orNew(in.trace))
		if !single(r.Header) {
			return
		}
		out, err := http.NewRequestWithContext(r.Context(), http.MethodGet, to, nil)
		assert.NoError(t, err)
		out.Header = multi(orNew(in.trace), in.state)
		if resp, err := client.Do(out); assert.NoError(t, err) {
			resp.Body.Close()
		}
	}))))
	c.Listen = nil
	check("logs", 7, 14, logged(t, c, func(in heard, r *http.Request) string {
		if !single(r.Header) {
			return ""
		}
		return `{"trace_id":"` + orNew(in.trace) + `"}`
	}))
}

// logging is a service that writes lines for its requests, and what clew must find in them.
type logging struct {
	name    string
	line    func(in heard, r *http.Request) string // "": the service writes no line
	verdict doctor.Kind
	count   int // how many canaries must show the verdict
	of      int // how many canaries could show it
	says    string
}

// request returns the line that clew's middleware writes for a request.
func request(trace, more string) string {
	return `{"level":"info","trace_id":"` + trace + `","method":"GET","path":"/thing","status":200,"bytes":2,"duration_ms":1.5,"remote":"127.0.0.1:1"` +
		more + `,"time":"2026-11-27T10:11:12.123456Z","message":"request"}`
}

var loggings = []logging{
	{"adopts", func(in heard, _ *http.Request) string {
		return `{"trace_id":"` + orNew(in.trace) + `","service":"shop"}`
	}, doctor.Adopted, 14, 14, "in a line of shop is "},
	{"decimal numbers", func(in heard, _ *http.Request) string { return `{"dd.trace_id":"` + decimal(in.trace) + `"}` }, doctor.Adopted, 14, 14, "in shop.log:"},
	{"pads", func(in heard, _ *http.Request) string { return `{"traceId":"` + padded(in.trace) + `"}` }, doctor.Padded, 6, 6, ""},
	{"truncates", func(in heard, _ *http.Request) string {
		return "INFO trace=" + orNew(in.trace)[max(len(orNew(in.trace))-16, 0):] + " done"
	}, doctor.Truncated, 8, 8, ""},
	{"does not believe", func(in heard, _ *http.Request) string {
		return request(anotherTrace, `,"untrusted_trace_id":"`+in.trace+`"`)
	}, doctor.Restarted, 14, 14, "noted as not believed"},
	{"restarts, and names the caller's span", func(in heard, _ *http.Request) string {
		return `{"trace_id":"` + anotherTrace + `","parent_id":"` + in.span + `"}`
	}, doctor.Restarted, 14, 14, ""},
	{"an access log with the user agent, without IDs", func(_ heard, r *http.Request) string {
		return `127.0.0.1 - - [27/Nov/2026:10:11:12 +0000] "GET /thing HTTP/1.1" 200 0 "-" "` + r.UserAgent() + `"`
	}, doctor.Dropped, 16, 16, "There is no trace ID."},
	{"an access log of the path, without IDs", func(_ heard, r *http.Request) string {
		return `127.0.0.1 - - [27/Nov/2026:10:11:12 +0000] "GET /thing HTTP/1.1" 200 0`
	}, doctor.Dropped, 16, 16, "has an ID"},
	{"lines of the path with other IDs", func(_ heard, r *http.Request) string {
		return fmt.Sprintf(`{"path":"/thing","trace_id":"%s%016x"}`, anotherTrace[:16], 0xabc000+len(r.UserAgent())*1000+next())
	}, doctor.Restarted, 16, 16, "about /thing"},
	{"a busy path with traces of other requests", func(_ heard, _ *http.Request) string {
		lines := make([]string, 5)
		for i := range lines {
			lines[i] = fmt.Sprintf(`{"path":"/thing","trace_id":"%s%016x"}`, anotherTrace[:16], 0xabc000+next())
		}
		return strings.Join(lines, "\n")
	}, doctor.Unknown, 0, 0, ""},
	{"lines of other requests", func(heard, *http.Request) string { return `{"path":"/other","trace_id":"` + anotherTrace + `"}` }, doctor.Unknown, 0, 0, ""},
	{"samples what was denied", func(in heard, _ *http.Request) string {
		return request(orNew(in.trace), `,"sampled":true`)
	}, doctor.Resampled, 4, 10, "deny came in"},
	{"does not sample what was accepted", func(in heard, _ *http.Request) string {
		return request(orNew(in.trace), "")
	}, doctor.Resampled, 6, 10, "accept came in"},
}

var counter struct {
	sync.Mutex
	n int
}

func next() int {
	counter.Lock()
	defer counter.Unlock()
	counter.n++
	return counter.n
}

func decimal(id string) string {
	var n uint64
	fmt.Sscanf(id[max(len(id)-16, 0):], "%x", &n)
	return fmt.Sprint(n)
}

func TestLines(t *testing.T) {
	for _, test := range loggings {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			c := config()
			log, out, end := logTo(t)
			c.Log = log
			url := serve(t, func(w http.ResponseWriter, r *http.Request) {
				fmt.Fprintln(out, `{"path":"/health","trace_id":"00000000000000ee00000000000000ff"}`)
				if text := test.line(hear(r.Header), r); text != "" {
					fmt.Fprintln(out, text)
				}
			})
			if test.count == 0 {
				c.Wait = 0 // no line about a canary comes
			}
			d := c.Examine(t.Context(), target(t, url))
			end()
			assert.Equal(t, test.verdict, d.Verdict, "%+v", d)
			has(t, d, test.verdict, "logs", test.count, test.of)
			assert.Contains(t, find(d, test.verdict, "logs").Says, test.says)
		})
	}
}

// If a request has no trace, and the service begins none, the service must not send a deny to the
// services that it calls.
func TestDenyOutOfNothing(t *testing.T) {
	c, to := config(), ""
	c.Listen, to = listen(t)
	d := c.Examine(t.Context(), target(t, caller(t, to, func(in heard, _ http.Header) http.Header {
		if in.trace == "" {
			return http.Header{"X-B3-Sampled": {"0"}}
		}
		return multi(in.trace, in.state)
	})))
	f := find(d, doctor.Resampled, "sent on")
	assert.Equal(t, 1, f.Count, "%+v", d)
	assert.Contains(t, f.Says, "a deny without an ID is sent on")
}

// A cache's answer shows nothing about the service.
func TestCached(t *testing.T) {
	d := config().Examine(t.Context(), target(t, serve(t, func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, "no-cache", r.Header.Get("Cache-Control"))
		w.Header().Set("Age", "12")
		w.Header().Set("X-B3-TraceId", fmt.Sprintf("%032x", 0xabcdef00000+next()))
	})))
	assert.Equal(t, doctor.Unknown, d.Verdict)
	assert.Contains(t, strings.Join(d.Notes, "\n"), "17 of 17 answers come from a cache (Age)")
}

// Some formats allow only IDs of 32 digits. If a line has such a format, zeros in front of an ID
// are no fault.
func TestWideForms(t *testing.T) {
	for _, format := range []string{
		`{"logging.googleapis.com/trace":"projects/p/traces/%s","message":"x"}`,
		`{"traceparent":"00-%s-00000000000000cc-01","message":"x"}`,
	} {
		c := config()
		log, out, end := logTo(t)
		c.Log = log
		d := c.Examine(t.Context(), target(t, serve(t, func(_ http.ResponseWriter, r *http.Request) {
			fmt.Fprintf(out, format+"\n", padded(orNew(hear(r.Header).trace)))
		})))
		end()
		assert.Equal(t, doctor.Adopted, d.Verdict, "%s: %+v", format, d)
		has(t, d, doctor.Adopted, "logs", 14, 14)
	}
}

// If a log has lines of several services, each finding names its services.
func TestServices(t *testing.T) {
	c := config()
	log, out, end := logTo(t)
	c.Log = log
	d := c.Examine(t.Context(), target(t, serve(t, func(_ http.ResponseWriter, r *http.Request) {
		id := orNew(hear(r.Header).trace)
		fmt.Fprintf(out, `{"service":"shop","trace_id":"%s"}`+"\n", id)
		fmt.Fprintf(out, `{"service":"shop","message":"agent %s"}`+"\n", r.UserAgent())
		fmt.Fprintf(out, `{"service":"price","trace_id":"%s"}`+"\n", padded(id))
		fmt.Fprintf(out, `{"service":"gate\u202e","message":"agent %s"}`+"\n", r.UserAgent())
	})))
	end()
	assert.Equal(t, doctor.Dropped, d.Verdict, "%+v", d)
	assert.Equal(t, []string{"price", "shop"}, find(d, doctor.Adopted, "logs").Services)
	assert.Equal(t, []string{"price"}, find(d, doctor.Padded, "logs").Services)
	assert.Equal(t, []string{`gate\u202e`}, find(d, doctor.Dropped, "logs").Services)
	has(t, d, doctor.Padded, "logs", 6, 6)
}
