package peers_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// These are the IDs that the tests send.
const (
	id64   = "463ac35c9f6413ad"
	id128  = "5759e988bd862e3fe1be46a994272793"
	idZero = "0000000000000000e1be46a994272793"
	spanID = "a2fb4a1d1a96d312"
)

// truth holds what each peer sends on when it gets these headers. The table does not come from
// clew doctor, but from requests of net/http's client. A cell has the trace ID and the sampling
// decision:
//
//	same    the caller's trace ID, as text
//	wide    the caller's ID with 16 zeros in front
//	narrow  the caller's ID without its 16 leading zeros
//	odd     the caller's ID, which has neither 16 nor 32 digits, with zeros in front
//	new     the ID of another trace
//	0 1 d   the decision; - if there is none
//	EOF     the peer did not answer
type truth struct {
	name string
	header
	clew, trustIDs, trustNone, w3c, zipkin, otel string
}

// header holds the names and values of headers, alternately.
type header []string

func single(value string) header { return header{"b3", value} }

func multi(id, state string) header {
	h := header{"X-B3-TraceId", id, "X-B3-SpanId", spanID}
	switch state {
	case "":
	case "d":
		h = append(h, "X-B3-Flags", "1")
	default:
		h = append(h, "X-B3-Sampled", state)
	}
	return h
}

func (h header) addTo(to http.Header) {
	for i := 0; i < len(h); i += 2 {
		to.Add(h[i], h[i+1])
	}
}

// ids returns the trace IDs in h.
func (h header) ids() (ids []string) {
	for i := 0; i < len(h); i += 2 {
		switch name, value := h[i], h[i+1]; name {
		case "X-B3-TraceId":
			ids = append(ids, value)
		case "b3":
			id, _, _ := strings.Cut(value, "-")
			ids = append(ids, id)
		case "traceparent":
			ids = append(ids, strings.Split(value, "-")[1])
		}
	}
	return ids
}

var truths = []truth{
	// name, headers, clew, TrustIDs, TrustNone, W3C, zipkin-go, otelhttp
	{"64, defer, b3", single(id64 + "-" + spanID), "same 0", "same 0", "new 0", "same 0", "same 1", "wide -"},
	{"64, defer, X-B3", multi(id64, ""), "same 0", "same 0", "new 0", "same 0", "same 1", "wide -"},
	{"64, deny, b3", single(id64 + "-" + spanID + "-0"), "same 0", "same 0", "new 0", "same 0", "same 0", "wide 0"},
	{"64, deny, X-B3", multi(id64, "0"), "same 0", "same 0", "new 0", "same 0", "same 0", "wide 0"},
	{"64, accept, b3", single(id64 + "-" + spanID + "-1"), "same 1", "same 0", "new 0", "same 1", "same 1", "wide 1"},
	{"64, accept, X-B3", multi(id64, "1"), "same 1", "same 0", "new 0", "same 1", "same 1", "wide 1"},
	{"64, debug, b3", single(id64 + "-" + spanID + "-d"), "same d", "same 0", "new 0", "same d", "same d", "wide d"},
	{"64, debug, X-B3", multi(id64, "d"), "same d", "same 0", "new 0", "same d", "same d", "wide d"},
	{"128, defer, b3", single(id128 + "-" + spanID), "same 0", "same 0", "new 0", "same 0", "same 1", "same -"},
	{"128, defer, X-B3", multi(id128, ""), "same 0", "same 0", "new 0", "same 0", "same 1", "same -"},
	{"128, deny, b3", single(id128 + "-" + spanID + "-0"), "same 0", "same 0", "new 0", "same 0", "same 0", "same 0"},
	{"128, deny, X-B3", multi(id128, "0"), "same 0", "same 0", "new 0", "same 0", "same 0", "same 0"},
	{"128, accept, b3", single(id128 + "-" + spanID + "-1"), "same 1", "same 0", "new 0", "same 1", "same 1", "same 1"},
	{"128, accept, X-B3", multi(id128, "1"), "same 1", "same 0", "new 0", "same 1", "same 1", "same 1"},
	{"128, debug, b3", single(id128 + "-" + spanID + "-d"), "same d", "same 0", "new 0", "same d", "same d", "same d"},
	{"128, debug, X-B3", multi(id128, "d"), "same d", "same 0", "new 0", "same d", "same d", "same d"},
	{"128, zero high half, defer, b3", single(idZero + "-" + spanID), "same 0", "same 0", "new 0", "same 0", "narrow 1", "same -"},
	{"128, zero high half, defer, X-B3", multi(idZero, ""), "same 0", "same 0", "new 0", "same 0", "narrow 1", "same -"},
	{"128, zero high half, deny, b3", single(idZero + "-" + spanID + "-0"), "same 0", "same 0", "new 0", "same 0", "narrow 0", "same 0"},
	{"128, zero high half, deny, X-B3", multi(idZero, "0"), "same 0", "same 0", "new 0", "same 0", "narrow 0", "same 0"},
	{"128, zero high half, accept, b3", single(idZero + "-" + spanID + "-1"), "same 1", "same 0", "new 0", "same 1", "narrow 1", "same 1"},
	{"128, zero high half, accept, X-B3", multi(idZero, "1"), "same 1", "same 0", "new 0", "same 1", "narrow 1", "same 1"},
	{"128, zero high half, debug, b3", single(idZero + "-" + spanID + "-d"), "same d", "same 0", "new 0", "same d", "narrow d", "same d"},
	{"128, zero high half, debug, X-B3", multi(idZero, "d"), "same d", "same 0", "new 0", "same d", "narrow d", "same d"},
	{"64, upper, defer, b3", single(strings.ToUpper(id64) + "-" + spanID), "same 0", "same 0", "new 0", "same 0", "same 1", "new 1"},
	{"64, upper, defer, X-B3", multi(strings.ToUpper(id64), ""), "same 0", "same 0", "new 0", "same 0", "same 1", "new 1"},
	{"64, upper, deny, b3", single(strings.ToUpper(id64) + "-" + spanID + "-0"), "same 0", "same 0", "new 0", "same 0", "same 0", "new 1"},
	{"64, upper, deny, X-B3", multi(strings.ToUpper(id64), "0"), "same 0", "same 0", "new 0", "same 0", "same 0", "new 1"},
	{"64, upper, accept, b3", single(strings.ToUpper(id64) + "-" + spanID + "-1"), "same 1", "same 0", "new 0", "same 1", "same 1", "new 1"},
	{"64, upper, accept, X-B3", multi(strings.ToUpper(id64), "1"), "same 1", "same 0", "new 0", "same 1", "same 1", "new 1"},
	{"64, upper, debug, b3", single(strings.ToUpper(id64) + "-" + spanID + "-d"), "same d", "same 0", "new 0", "same d", "same d", "new 1"},
	{"64, upper, debug, X-B3", multi(strings.ToUpper(id64), "d"), "same d", "same 0", "new 0", "same d", "same d", "new d"},
	{"128, upper, defer, b3", single(strings.ToUpper(id128) + "-" + spanID), "same 0", "same 0", "new 0", "same 0", "same 1", "new 1"},
	{"128, upper, defer, X-B3", multi(strings.ToUpper(id128), ""), "same 0", "same 0", "new 0", "same 0", "same 1", "new 1"},
	{"128, upper, deny, b3", single(strings.ToUpper(id128) + "-" + spanID + "-0"), "same 0", "same 0", "new 0", "same 0", "same 0", "new 1"},
	{"128, upper, deny, X-B3", multi(strings.ToUpper(id128), "0"), "same 0", "same 0", "new 0", "same 0", "same 0", "new 1"},
	{"128, upper, accept, b3", single(strings.ToUpper(id128) + "-" + spanID + "-1"), "same 1", "same 0", "new 0", "same 1", "same 1", "new 1"},
	{"128, upper, accept, X-B3", multi(strings.ToUpper(id128), "1"), "same 1", "same 0", "new 0", "same 1", "same 1", "new 1"},
	{"128, upper, debug, b3", single(strings.ToUpper(id128) + "-" + spanID + "-d"), "same d", "same 0", "new 0", "same d", "same d", "new 1"},
	{"128, upper, debug, X-B3", multi(strings.ToUpper(id128), "d"), "same d", "same 0", "new 0", "same d", "same d", "new d"},
	{"no headers", nil, "new 0", "new 0", "new 0", "new 0", "new 1", "new 1"},
	{"accept, with a parent", single(id128 + "-" + spanID + "-1-0020000000000001"), "same 1", "same 0", "new 0", "same 1", "same 1", "same 1"},
	{"defer with a parent", single(id128 + "-" + spanID + "-0020000000000001"), "same 0", "same 0", "new 0", "same 0", "new 1", "new 1"},
	{"traceparent, sampled", header{"traceparent", "00-" + id128 + "-" + spanID + "-01"}, "new 0", "new 0", "new 0", "same 1", "new 1", "new 1"},
	{"traceparent, not sampled", header{"traceparent", "00-" + id128 + "-" + spanID + "-00"}, "new 0", "new 0", "new 0", "same 0", "new 1", "new 1"},
	{"traceparent and b3", header{"traceparent", "00-" + id128 + "-" + spanID + "-01", "b3", id64 + "-" + spanID + "-0"}, "same 0", "same 0", "new 0", "same 0", "same 0", "wide 0"},
	{"deny alone, b3", single("0"), "new 0", "new 0", "new 0", "new 0", "new 0", "new 1"},
	{"accept alone, b3", single("1"), "new 1", "new 0", "new 0", "new 1", "new 1", "new 1"},
	{"debug alone, b3", single("d"), "new d", "new 0", "new 0", "new d", "new d", "new d"},
	{"deny alone, X-B3", header{"X-B3-Sampled", "0"}, "new 0", "new 0", "new 0", "new 0", "new 0", "new 1"},
	{"accept alone, X-B3", header{"X-B3-Sampled", "1"}, "new 1", "new 0", "new 0", "new 1", "new 1", "new 1"},
	{"debug alone, X-B3", header{"X-B3-Flags", "1"}, "new d", "new 0", "new 0", "new d", "new d", "new d"},
	{"X-B3-Sampled: true", multi(id128, "true"), "same 1", "same 0", "new 0", "same 1", "same 1", "same 1"},
	{"X-B3-Sampled: false", multi(id128, "false"), "same 0", "same 0", "new 0", "same 0", "same 0", "same 0"},
	{"invalid decision", multi(id128, "maybe"), "new 0", "new 0", "new 0", "new 0", "new 1", "new 1"},
	{"only an ID and a dash", single(id128 + "-"), "new 0", "new 0", "new 0", "new 0", "EOF", "new 1"},
	{"dash at the end", single(id128 + "-" + spanID + "-"), "new 0", "new 0", "new 0", "new 0", "new 1", "new 1"},
	{"wrong separator", single(id128 + "-" + spanID + "!0"), "new 0", "new 0", "new 0", "new 0", "same 0", "same 0"},
	{"b3 with only debug, X-B3 with deny", append(multi(id128, "0"), "b3", "d"), "new d", "new 0", "new 0", "new d", "new d", "same d"},
	{"malformed b3 with debug, valid X-B3", append(multi(id128, "0"), "b3", id64+"-"+spanID+"-d-xyz"), "same 0", "same 0", "new 0", "same 0", "same 0", "same 0"},
	{"b3 and X-B3 with different traces", append(multi(id128, "0"), "b3", id64+"-"+spanID+"-1"), "same 1", "same 0", "new 0", "same 1", "same 1", "wide 1"},
	{"b3 twice", header{"b3", id128 + "-" + spanID + "-1", "b3", id64 + "-" + spanID + "-0"}, "same 1", "same 0", "new 0", "same 1", "same 1", "same 1"},
	{"parent ID is a dash", append(multi(id128, "1"), "X-B3-ParentSpanId", "-"), "same 1", "same 0", "new 0", "same 1", "new 1", "new 1"},
	{"15 digits, b3", single(id128[:15] + "-" + spanID + "-1"), "new 0", "new 0", "new 0", "new 0", "new 1", "new 1"},
	{"17 digits, X-B3", multi(id128[:17], "1"), "new 0", "new 0", "new 0", "new 0", "odd 1", "new 1"},
	{"31 digits, X-B3", multi(id128[:31], "1"), "new 0", "new 0", "new 0", "new 0", "odd 1", "new 1"},
	{"33 digits, b3", single(id128 + "a-" + spanID + "-1"), "new 0", "new 0", "new 0", "new 0", "new 1", "new 1"},
	{"33 digits, X-B3", multi(id128+"a", "1"), "new 0", "new 0", "new 0", "new 0", "new 1", "new 1"},
	{"trace ID of zeros", single(strings.Repeat("0", 32) + "-" + spanID + "-1"), "new 0", "new 0", "new 0", "new 0", "new 1", "new 1"},
	{"span ID of zeros", single(id128 + "-0000000000000000-1"), "new 0", "new 0", "new 0", "new 0", "same 1", "new 1"},
	{"no span ID", header{"X-B3-TraceId", id128, "X-B3-Sampled", "1"}, "new 0", "new 0", "new 0", "new 0", "new 1", "new 1"},
	{"trace ID with 0x", multi("0x3ac35c9f6413ad", "1"), "new 0", "new 0", "new 0", "new 0", "new 1", "new 1"},
	{"trace ID is a UUID", multi("5759e988-bd86-2e3f-e1be-46a994272793", "1"), "new 0", "new 0", "new 0", "new 0", "new 1", "new 1"},
	{"trace ID is a script", multi("<script>alert(1)</script>", "1"), "new 0", "new 0", "new 0", "new 0", "new 1", "new 1"},
	{"trace ID of 8,000 characters", single(strings.Repeat("a", 8000)), "new 0", "new 0", "new 0", "new 0", "new 1", "new 1"},
}

// tracing lists the headers that carry traces.
var tracing = []string{"B3", "X-B3-Traceid", "X-B3-Spanid", "X-B3-Parentspanid", "X-B3-Sampled", "X-B3-Flags", "Traceparent", "Tracestate"}

// sent is the trace in the headers that a peer sends on.
type sent struct{ id, state string }

func sentIn(h http.Header) sent {
	if one := h.Get("b3"); one != "" {
		part := append(strings.Split(one, "-"), "", "", "")
		return sent{part[0], part[2]}
	}
	s := sent{h.Get("X-B3-TraceId"), h.Get("X-B3-Sampled")}
	if h.Get("X-B3-Flags") == "1" {
		s.state = "d"
	}
	return s
}

// word returns the word of the table for a trace ID that was sent on, given the trace IDs in the
// request.
func word(came []string, went string) string {
	const zeros = "0000000000000000"
	for _, id := range came {
		switch id = strings.ToLower(id); went {
		case id:
			return "same"
		case zeros + id:
			return "wide"
		case strings.TrimPrefix(id, zeros):
			return "narrow"
		}
		if strings.TrimLeft(went, "0") == id {
			return "odd"
		}
	}
	return "new"
}

// listener is the server that the peers call. It keeps the headers of each call.
type listener struct {
	*httptest.Server
	mu  sync.Mutex
	got []http.Header
}

func listen(t *testing.T) *listener {
	l := &listener{}
	l.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.got = append(l.got, r.Header)
	}))
	t.Cleanup(l.Close)
	return l
}

// taken returns the headers of the calls since the last call of taken.
func (l *listener) taken() []http.Header {
	l.mu.Lock()
	defer l.mu.Unlock()
	got := l.got
	l.got = nil
	return got
}

// lines keeps the last line that a handler has written. It ignores the lines of the access log,
// because they may come after the answer.
type lines struct {
	mu   sync.Mutex
	last []byte
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if bytes.Contains(p, []byte("handled")) {
		l.last = bytes.Clone(p)
	}
	return len(p), nil
}

// id returns the trace ID in the line.
func (l *lines) id(t *testing.T) string {
	t.Helper()
	l.mu.Lock()
	defer l.mu.Unlock()
	var fields struct {
		Ours   string `json:"trace_id"`
		Zipkin string `json:"traceId"`
	}
	require.NoError(t, json.Unmarshal(l.last, &fields), "line %q", l.last)
	return fields.Ours + fields.Zipkin
}

// stays is a client that follows no redirects.
var stays = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}

// send sends the headers to a peer's /call, and returns the headers of the answer, or nil without
// an answer.
func (h header) send(t *testing.T, to string, l *listener) http.Header {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, to+"/call?to="+url.QueryEscape(l.URL), nil)
	require.NoError(t, err)
	h.addTo(r.Header)
	answer, err := stays.Do(r)
	if err != nil {
		require.ErrorIs(t, err, io.EOF)
		return nil
	}
	io.Copy(io.Discard, answer.Body)
	answer.Body.Close()
	return answer.Header
}

// asked sends the headers, and returns the cell of the table for the peer's behaviour.
func (tr truth) asked(t *testing.T, to string, l *listener, log *lines) string {
	t.Helper()
	answer := tr.send(t, to, l)
	if answer == nil {
		return "EOF"
	}
	got := l.taken()
	require.Len(t, got, 1, tr.name)
	s := sentIn(got[0])
	assert.Equal(t, s.id, log.id(t), "%s: trace ID in the line, against the one that was sent on", tr.name)
	if echo := answer.Get("X-B3-TraceId"); echo != "" {
		assert.Equal(t, s.id, echo, "%s: trace ID in the response, against the one that was sent on", tr.name)
	}
	return word(tr.ids(), s.id) + " " + cmp.Or(s.state, "-")
}

// The manual says for which versions of the libraries its table is true. If you update one of
// these libraries, check the table in the manual again.
func TestManual(t *testing.T) {
	manual, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	module, err := os.ReadFile("go.mod")
	require.NoError(t, err)
	for _, library := range []struct{ path, name, ending string }{
		{"github.com/openzipkin/zipkin-go", "zipkin-go", ""},
		{"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp", "otelhttp", ".0"},
		{"go.opentelemetry.io/contrib/propagators/b3", "contrib's b3", ".0"},
	} {
		_, rest, _ := strings.Cut(string(module), library.path+" v")
		version, _, _ := strings.Cut(rest, "\n")
		assert.Contains(t, string(manual), library.name+" "+strings.TrimSuffix(version, library.ending))
	}
}

// Each peer sends on what its cell in the table says.
func TestTruths(t *testing.T) {
	columns := map[string]func(truth) string{
		"clew":            func(tr truth) string { return tr.clew },
		"clew, TrustIDs":  func(tr truth) string { return tr.trustIDs },
		"clew, TrustNone": func(tr truth) string { return tr.trustNone },
		"clew, W3C":       func(tr truth) string { return tr.w3c },
		"zipkin-go":       func(tr truth) string { return tr.zipkin },
		"otelhttp":        func(tr truth) string { return tr.otel },
	}
	for _, p := range peers {
		column := columns[p.name]
		if column == nil {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			var log lines
			l, to := listen(t), p.serve(t, &log)
			for _, tr := range truths {
				assert.Equal(t, column(tr), tr.asked(t, to, l, &log), "%s: %s", p.name, tr.name)
			}
		})
	}
}

// A proxy sends on the headers that it got, whatever their form. A service without tracing sends
// none.
func TestTruthsOfThoseWithoutTracing(t *testing.T) {
	for _, p := range peers {
		if p.name != "proxy" && p.name != "none" {
			continue
		}
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			l := listen(t)
			l.passedOn(t, p.name == "proxy", p.serve(t, io.Discard))
		})
	}
}

// After a redirect to another host, some peers also send the headers there, because their
// transport writes them to every request. A proxy follows no redirect.
func TestTruthsOfRedirects(t *testing.T) {
	leaks := map[string]bool{"zipkin-go": true, "otelhttp": true}
	for _, p := range peers {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			elsewhere := listen(t)
			from := httptest.NewServer(http.RedirectHandler(strings.Replace(elsewhere.URL, "127.0.0.1", "localhost", 1), http.StatusFound))
			t.Cleanup(from.Close)
			multi(id128, "1").send(t, p.serve(t, io.Discard), &listener{Server: from})
			for _, got := range elsewhere.taken() {
				assert.Equal(t, leaks[p.name], sentIn(got) != sent{}, "%v", got)
			}
		})
	}
}

// passedOn checks what a service sends on when it gets the headers of a row of the table. The
// parameter to is the service's URL. If all is true, the service must send on all of the headers
// unchanged. Otherwise it must send on none of them.
func (l *listener) passedOn(t *testing.T, all bool, to string) {
	t.Helper()
	for _, tr := range truths {
		want := http.Header{}
		if all {
			tr.addTo(want)
		}
		tr.send(t, to, l)
		got := l.taken()
		require.Len(t, got, 1, tr.name)
		maps.DeleteFunc(got[0], func(name string, _ []string) bool { return !slices.Contains(tracing, name) })
		assert.Equal(t, want, got[0], tr.name)
	}
}
