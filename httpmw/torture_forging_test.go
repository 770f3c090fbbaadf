package httpmw_test

import (
	"encoding/hex"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	canaries "example.com/clew/internal/canary"
	"example.com/clew/internal/testkit"
	"example.com/clew/internal/torture"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	spanText  = regexp.MustCompile(`^[0-9a-f]{16}$`)
	traceText = regexp.MustCompile(`^([0-9a-f]{16}|[0-9a-f]{32})$`)

	// The map logged holds, for the key of each ID on a line, the form of the ID.
	logged = map[string]*regexp.Regexp{
		"trace_id": traceText, "untrusted_trace_id": traceText,
		"span_id": spanText, "parent_id": spanText, "caller_parent_id": spanText,
	}
	// The map sentOn holds, for each trace header that may be sent on, the form of its value.
	sentOn = map[string]*regexp.Regexp{
		"B3":           regexp.MustCompile(`^([0-9a-f]{16}|[0-9a-f]{32})-[0-9a-f]{16}-[01d](-[0-9a-f]{16})?$`),
		"X-B3-Traceid": traceText, "X-B3-Spanid": spanText, "X-B3-Parentspanid": spanText,
		"X-B3-Sampled": regexp.MustCompile(`^[01]$`),
		"X-B3-Flags":   regexp.MustCompile(`^1$`),
		"Traceparent":  regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]$`),
	}
	consoleLine  = regexp.MustCompile(`^\d\d:\d\d:\d\d\.\d{6} INF (\S+) (?:console|request)((?: [a-z_]+=\S+)*)$`)
	consoleField = regexp.MustCompile(` ([a-z_]+)=(\S+)`)
)

// forger makes forged headers, from random numbers with a fixed seed.
type forger struct{ *rand.Rand }

func (f forger) pick(of []string) string { return of[f.IntN(len(of))] }

func (f forger) id(bytes int) string {
	id := make([]byte, bytes)
	for i := range id {
		id[i] = byte(1 + f.IntN(255))
	}
	return hex.EncodeToString(id)
}

// pieces are the parts of a forged value, besides a canary.
var pieces = canaries.Pieces(testkit.IDs())

// forged(canary) returns a value that consists of the canary and some pieces, in any order.
func (f forger) forged(canary string) string {
	parts := []string{canary}
	for range 1 + f.IntN(5) {
		parts = append(parts, f.pick(pieces))
	}
	f.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
	return strings.Join(parts, "")
}

// header returns headers: some are good, some are missing, and at least one is forged.
func (f forger) header(canary string, w3c bool) http.Header {
	id, state := f.id(8<<f.IntN(2)), f.IntN(3)
	good := map[string]string{
		"B3": id + "-" + f.id(8) + "-" + []string{"0", "1", "d"}[state] + "-" + f.id(8), "X-B3-Traceid": id, "X-B3-Spanid": f.id(8),
		"X-B3-Parentspanid": f.id(8), "X-B3-Sampled": []string{"0", "1", "true"}[state], "X-B3-Flags": []string{"", "0", "1"}[state],
	}
	if w3c {
		// There is no tracestate, since by W3C's rules a well-formed tracestate is sent on
		// unchanged.
		good["Traceparent"] = "00-" + f.id(16) + "-" + f.id(8) + "-01"
	}
	names := slices.Sorted(maps.Keys(good))
	h := http.Header{}
	for _, name := range names {
		switch f.IntN(6) {
		case 0:
			h.Add(name, f.forged(canary))
		case 1:
		case 2:
			h[name] = []string{good[name], f.forged(canary)}
		default:
			h.Set(name, good[name])
		}
	}
	h.Set(f.pick(names), f.forged(canary))
	return h
}

// TestTortureLogForging: every ID on a line, or in a header that is sent on, has 16 or 32
// lower-case hexadecimal digits. No part of a malformed header is logged or sent on, whatever the
// trust.
func TestTortureLogForging(t *testing.T) {
	requests := torture.Size(500, 10_000)
	f := newForgery(t)
	which := 0
	srv := newServer(t, "h1", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f.handlers[which].ServeHTTP(w, r) }))

	forger := forger{rand.New(rand.NewPCG(1, 2))}
	wire, joined := 0, 0
	for i := range requests {
		// Digits alone could be a valid part of an ID. Because of the tilde, every value that
		// contains the digits is malformed.
		digits := forger.id(6)
		which = i % len(f.handlers)
		h := forger.header(digits+"~", f.readsW3C(which))
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
		require.NoError(t, err)
		r.Header = h
		var answer http.Header
		if res, err := srv.Client().Do(r); err == nil {
			wire++
			body(t, res)
			answer = res.Header
		} else { // net/http's client does not send control bytes. Another server may accept them.
			answer = serve(f.handlers[which], get(h)).Header()
		}

		f.where = fmt.Sprintf("request %d, Trust %d, %q", i, which%3, fmt.Sprintf("%.200v", h))
		f.checkJSON()
		f.checkConsole()
		f.check(traceText, answer.Get("X-B3-TraceId"), "response")
		f.checkSent()
		if everything := fmt.Sprint(f.out.String(), f.console.String(), answer, f.sent); strings.Contains(everything, digits) || strings.Contains(everything, "evil") {
			t.Errorf("%s: got a piece of a forged header in %q", f.where, everything)
		}
		if claimed, _ := trace.FromHeader(h); claimed.TraceID.IsValid() && f.inside == claimed.ID() {
			joined++
		}
		f.out.Reset()
		f.console.Reset()
	}
	assert.Positive(t, wire, "requests over the wire")
	assert.Less(t, wire, requests, "requests over the wire: net/http's client refuses to send some headers")
	assert.Positive(t, joined, "requests whose good headers were believed beside forged ones")
	torture.Row(t, "Log forging through IDs", "%d requests, %d of them over the wire, %d in the caller's trace; %d lines; %d IDs in lines and headers, %d of another form",
		requests, wire, joined, f.lines, f.ids, f.other)
}

// forgery holds the handlers that get the forged requests, and what the handlers log and send.
type forgery struct {
	*testing.T
	handlers     []http.Handler // for each level of trust, first without W3C, then with W3C
	out, console testkit.Log
	inside       string      // the trace ID in the handler
	sent         http.Header // headers of the request that the handler sent on
	where        string      // describes the request in failure messages

	lines, ids, other int // numbers of lines, of IDs, and of IDs that do not have an ID's form
}

func newForgery(t *testing.T) *forgery {
	f := &forgery{T: t}
	jsonLogger, consoleLogger := logctx.New(&f.out), logctx.Console(&f.console)
	slogger := slog.New(logctx.Slog(slog.NewJSONHandler(&f.out, nil), logctx.Config{}))
	for i := range 6 {
		p := trace.Propagator{Encoding: bothEncodings, W3C: f.readsW3C(i)}
		client := httpclient.Wrap(&http.Client{Transport: downstream(func(r *http.Request) { f.sent = r.Header })}, httpclient.Config{Propagator: p})
		handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			ctx := r.Context()
			f.inside = trace.ID(ctx)
			logctx.Info(ctx).Msg("info")
			zerolog.Ctx(ctx).Info().Msg("plain")
			slogger.InfoContext(ctx, "slog")
			consoleLogger.Info().Ctx(ctx).Msg("console")
			out, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://next.example/", nil)
			if assert.NoError(t, err) {
				out.Header = r.Header.Clone() // as a proxy written by hand does
				_, err = client.Do(out)       // the body of the answer is empty
				assert.NoError(t, err)
			}
		})
		f.handlers = append(f.handlers, httpmw.New(httpmw.Config{
			Trust: trusting(httpmw.Trust(i % 3)), Propagator: p, Logger: &jsonLogger, ResponseHeader: "X-B3-TraceId",
		})(httpmw.AccessLog(httpmw.AccessLogConfig{})(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &consoleLogger})(handler))))
	}
	return f
}

func (f *forgery) readsW3C(handler int) bool { return handler >= 3 }

// check checks that text is an ID of the given form.
func (f *forgery) check(form *regexp.Regexp, text, place string) {
	f.ids++
	if form == nil || !form.MatchString(text) {
		f.other++
		f.Errorf("%s: %s: got %q, want an ID", f.where, place, text)
	}
}

func (f *forgery) checkJSON() {
	require.Equal(f, 4, strings.Count(f.out.String(), "\n"), "%s: JSON lines in %q", f.where, f.out.String())
	for _, line := range f.out.Lines(f) {
		f.lines++
		assert.Equal(f, f.inside, line["trace_id"], "%s: trace_id of %v", f.where, line)
		for key, value := range line {
			if form := logged[key]; form != nil {
				f.check(form, fmt.Sprint(value), key)
			}
		}
	}
}

func (f *forgery) checkConsole() {
	require.Equal(f, 2, strings.Count(f.console.String(), "\n"), "%s: console lines in %q", f.where, f.console.String())
	for text := range strings.Lines(f.console.String()) {
		f.lines++
		parts := consoleLine.FindStringSubmatch(strings.TrimSuffix(text, "\n"))
		require.NotNil(f, parts, "%s: console line %q", f.where, text)
		f.check(traceText, parts[1], "console")
		for _, field := range consoleField.FindAllStringSubmatch(parts[2], -1) {
			if form := logged[field[1]]; form != nil {
				f.check(form, field[2], "console: "+field[1])
			}
		}
	}
}

// checkSent checks the trace headers of the request that was sent on.
func (f *forgery) checkSent() {
	assert.Equal(f, f.inside, f.sent.Get("X-B3-TraceId"), "%s: X-B3-TraceId sent on", f.where)
	assert.NotEmpty(f, f.sent.Get("B3"), "%s: b3 sent on", f.where)
	for name, values := range f.sent {
		if lower := strings.ToLower(name); lower != "b3" && !strings.HasPrefix(lower, "x-b3-") && !strings.HasPrefix(lower, "trace") {
			continue // no trace header
		}
		require.Len(f, values, 1, "%s: values of %s sent on", f.where, name)
		f.check(sentOn[name], values[0], "sent on: "+name)
	}
}
