package httpmw_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
)

// canary is a part of every malformed value, and must not be in any output. Its digits are
// hexadecimal, so that it also fits into IDs.
const canary = testkit.Canary

// malformed returns headers that New must not believe. Each key says what is wrong with its
// header.
func malformed() map[string]http.Header {
	bad := map[string]string{
		"short":             canary,
		"15 digits":         canary + "cacacac",
		"17 digits":         canary + canary + "c",
		"31 digits":         strings.Repeat(canary, 3) + "cacacac",
		"33 digits":         strings.Repeat(canary, 4) + "c",
		"0x":                "0x" + canary + "cacaca",
		"plus":              "+" + canary + "cacacac",
		"underscore":        canary + "_cacacac",
		"space inside":      canary + " cacacac",
		"letters":           canary + "klmnopqr",
		"UUID":              canary + "-caca-caca-caca-" + canary + "caca",
		"fullwidth digits":  canary + "０１２３４５６７",
		"NUL":               canary + "\x00cacacac",
		"line feed":         canary + "\ncacacac",
		"CRLF and a header": canary + canary + "\r\nX-Evil: " + canary,
		"escape":            "\x1b[31m" + canary + "\x1b[0m",
		"DEL":               canary + "\x7fcacacac",
		"not UTF-8":         canary + "\xff\xfecacacac",
		"JSON":              `","level":"` + canary + `","x":"`,
		"template":          "${jndi:ldap://" + canary + "}",
		"64 KiB of digits":  strings.Repeat(canary, 8<<10),
		"64 KiB of escapes": canary + strings.Repeat("\x1b[2J", 16<<10),
	}
	rows := map[string]http.Header{}
	for name, v := range bad {
		rows["b3 alone: "+name] = testkit.Header("b3", v)
		rows["b3 trace ID: "+name] = testkit.Header("b3", v+"-"+spanID+"-d")
		rows["b3 span ID: "+name] = testkit.Header("b3", id128+"-"+v+"-d")
		rows["b3 state: "+name] = testkit.Header("b3", id128+"-"+spanID+"-"+v)
		rows["b3 parent: "+name] = testkit.Header("b3", id128+"-"+spanID+"-d-"+v)
		rows["X-B3-TraceId: "+name] = testkit.Header("X-B3-TraceId", v, "X-B3-SpanId", spanID, "X-B3-Flags", "1")
		rows["X-B3-SpanId: "+name] = testkit.Header("X-B3-TraceId", id128, "X-B3-SpanId", v, "X-B3-Flags", "1")
		rows["X-B3-Sampled: "+name] = testkit.Header("X-B3-TraceId", id128, "X-B3-SpanId", spanID, "X-B3-Sampled", v, "X-B3-Flags", "1")
		rows["X-B3-Sampled alone: "+name] = testkit.Header("X-B3-Sampled", v)
		rows["X-B3-Flags alone: "+name] = testkit.Header("X-B3-Flags", v)
		rows["both: "+name] = testkit.Header("b3", v, "X-B3-TraceId", v, "X-B3-SpanId", v, "X-B3-ParentSpanId", v, "X-B3-Sampled", v, "X-B3-Flags", v)
		rows["first of two: "+name] = http.Header{"B3": {v, id128 + "-" + spanID + "-d"}}
	}
	rows["trace ID without span ID"] = testkit.Header("X-B3-TraceId", canary+canary, "X-B3-Flags", "1")
	rows["span ID without trace ID"] = testkit.Header("X-B3-SpanId", canary+canary, "X-B3-Flags", "1")
	rows["b3 without span ID"] = testkit.Header("b3", strings.Repeat(canary, 4)+"-")
	rows["b3 separator 1"] = testkit.Header("b3", canary+canary+"!"+spanID+"-d")
	rows["b3 separator 2"] = testkit.Header("b3", canary+canary+"-"+spanID+"!d")
	rows["b3 separator 3"] = testkit.Header("b3", canary+canary+"-"+spanID+"-d!"+parentID)
	rows["b3 with more after it"] = testkit.Header("b3", canary+canary+"-"+spanID+"-d-"+parentID+"-")
	rows["b3 with a zero span ID"] = testkit.Header("b3", canary+canary+"-0000000000000000-d")
	rows["b3 with a zero trace ID"] = testkit.Header("b3", "0000000000000000-"+canary+canary+"-d")
	return rows
}

// TestNewMalformed: a request with a malformed header begins a new trace. No byte of that header
// is in a log line, in a response or in an outgoing header.
func TestNewMalformed(t *testing.T) {
	assert.Greater(t, len(malformed()), 200, "rows")
	levels := map[string]func(*http.Request) httpmw.Trust{
		"default":   nil,
		"TrustIDs":  trusting(httpmw.TrustIDs),
		"TrustNone": trusting(httpmw.TrustNone),
	}
	propagators := map[string]propagation.TextMapPropagator{
		"default": nil,
		"W3C":     trace.Propagator{W3C: true},
		"generic": propagation.NewCompositeTextMapPropagator(trace.Propagator{}, propagation.Baggage{}),
	}
	for name, h := range malformed() {
		t.Run(name, func(t *testing.T) {
			for trust, trustFunc := range levels {
				for propagator, p := range propagators {
					checkMalformed(t, "Trust "+trust+", Propagator "+propagator, httpmw.Config{
						TracerProvider: never(), // so that the state shows whether New believed a debug or an accept
						Trust:          trustFunc,
						Propagator:     p,
						ResponseHeader: "X-B3-TraceId",
					}, h)
				}
			}
		})
	}
}

func checkMalformed(t *testing.T, where string, cfg httpmw.Config, h http.Header) {
	t.Helper()
	var out, console testkit.Log
	jsonLogger, consoleLogger := logctx.New(&out), logctx.Console(&console)
	cfg.Logger = &jsonLogger
	sent := http.Header{}
	var got said
	var seen http.Header
	handler := httpmw.New(cfg)(httpmw.AccessLog(httpmw.AccessLogConfig{})(httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &consoleLogger})(
		http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			got, seen = current(r), r.Header
			zerolog.Ctx(r.Context()).Info().Msg("plain")
			logctx.Info(r.Context()).Msg("with context")
			consoleLogger.Info().Ctx(r.Context()).Msg("console")
			trace.Propagator{Encoding: b3.B3SingleHeader | b3.B3MultipleHeader, W3C: true}.Inject(r.Context(), propagation.HeaderCarrier(sent))
		}))))
	before := h.Clone()
	res := serve(handler, get(h))

	assert.Regexp(t, "^[0-9a-f]{32}$", got.Trace, "%s: trace ID", where)
	assert.NotEqual(t, id128, got.Trace, "%s: trace ID", where)
	assert.Empty(t, got.Parent, "%s: parent", where)
	assert.Equal(t, trace.Deny, got.State, "%s: state, which New's provider decides", where)
	assert.Equal(t, before, h, "%s: the caller's headers", where)
	assert.Equal(t, got.Trace, sent.Get("X-B3-TraceId"), "%s: X-B3-TraceId sent on", where)
	require.NotEmpty(t, sent.Get("b3"), "%s: b3 sent on", where)
	lines := out.Lines(t)
	require.Len(t, lines, 3, "%s: lines", where)
	for _, line := range lines {
		assert.Equal(t, got.Trace, line["trace_id"], "%s: trace_id of %v", where, line)
		assert.NotContains(t, line, "untrusted_trace_id", "%s: line", where)
		assert.NotContains(t, line, "caller_parent_id", "%s: line", where)
	}
	require.Equal(t, 2, strings.Count(console.String(), "\n"), "%s: console lines in %q", where, console.String())
	everything := map[string]string{
		"JSON":             out.String(),
		"console":          console.String(),
		"response headers": fmt.Sprint(res.Header()),
		"sent headers":     fmt.Sprint(sent),
	}
	if cfg.Trust != nil { // a nil Trust means TrustAll: the handler sees the caller's headers
		everything["headers in the handler"] = fmt.Sprint(seen)
	}
	for what, text := range everything {
		assert.NotContains(t, text, canary, "%s: %s", where, what)
		assert.NotContains(t, text, parentID, "%s: %s", where, what)
		assert.NotContains(t, strings.ToLower(text), "evil", "%s: %s", where, what)
	}
}

// TestNewMalformedOnTheWire: the rows of TestNewMalformed, as far as net/http's client sends
// them.
func TestNewMalformedOnTheWire(t *testing.T) {
	var out testkit.Log
	logger := logctx.New(&out)
	srv := newServer(t, "h1", httpmw.New(httpmw.Config{Logger: &logger, ResponseHeader: "X-B3-TraceId"})(
		httpmw.AccessLog(httpmw.AccessLogConfig{})(http.HandlerFunc(nop))))
	sent := 0
	for name, h := range malformed() {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
		require.NoError(t, err)
		r.Header = h
		res, err := srv.Client().Do(r)
		if err != nil {
			continue // control bytes, which net/http does not send
		}
		body(t, res)
		sent++
		assert.Regexp(t, "^[0-9a-f]{32}$", res.Header.Get("X-B3-TraceId"), "%s: X-B3-TraceId of the response", name)
		assert.NotContains(t, fmt.Sprint(res.Header), canary, "%s: response headers", name)
	}
	srv.Close()
	assert.Greater(t, sent, 100, "rows that were sent")
	assert.Len(t, out.Lines(t), sent, "access lines")
	assert.NotContains(t, out.String(), canary, "access lines")
}
