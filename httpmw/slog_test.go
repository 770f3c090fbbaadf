package httpmw_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"example.com/clew/httpmw"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
)

// slogTo makes slog loggers that write to out, each with another handler.
var slogTo = []struct {
	name   string
	logger func(out *testkit.Log) *slog.Logger
}{
	{"slog's own handler", func(out *testkit.Log) *slog.Logger { return slog.New(slog.NewJSONHandler(out, nil)) }},
	{"logctx's handler", func(out *testkit.Log) *slog.Logger {
		return slog.New(logctx.Slog(slog.NewJSONHandler(out, nil), logctx.Config{}))
	}},
	{"logctx's handler, in another library's", func(out *testkit.Log) *slog.Logger {
		return slog.New(embedded{logctx.Slog(slog.NewJSONHandler(out, nil), logctx.Config{})})
	}},
}

// embedded is another library's handler, around an inner handler.
type embedded struct{ slog.Handler }

// slog writes the same line as zerolog, with each ID once, whichever handler the logger has.
func TestAccessLogSlog(t *testing.T) {
	for _, to := range slogTo {
		t.Run(to.name, func(t *testing.T) {
			var out testkit.Log
			h := httpmw.AccessLog(httpmw.AccessLogConfig{Slog: to.logger(&out)})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(http.StatusNotFound)
			}))
			r := get(testkit.Header("b3", id64+"-"+spanID+"-1-"+parentID))
			r.RemoteAddr = "192.0.2.7:4711"
			serve(httpmw.New(httpmw.Config{})(h), r)
			line := out.Line(t)
			assert.NotEmpty(t, line["span_id"], "span_id")
			for _, varies := range []string{"span_id", "time", "duration_ms"} {
				assert.Contains(t, line, varies)
				delete(line, varies)
			}
			assert.Equal(t, map[string]any{"level": "WARN", "msg": "request", "method": "GET", "path": "/", "status": 404.0, "bytes": 0.0,
				"remote": "192.0.2.7:4711", "trace_id": id64, "parent_id": spanID, "caller_parent_id": parentID, "sampled": true}, line, "line")
		})
	}
}

// The context's slog logger gets the line if the context has no zerolog logger.
func TestAccessLogFindsSlog(t *testing.T) {
	for _, to := range slogTo {
		t.Run(to.name, func(t *testing.T) {
			var out, zero testkit.Log
			access := httpmw.AccessLog(httpmw.AccessLogConfig{})
			handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				logctx.SlogFrom(r.Context()).Info("handler")
			})
			serve(httpmw.New(httpmw.Config{Slog: to.logger(&out)})(access(handler)), get(testkit.Header("b3", id64+"-"+spanID)))
			lines := out.Lines(t)
			if assert.Len(t, lines, 2, "lines:\n%s", &out) {
				assert.Equal(t, "handler", lines[0]["msg"], "first line")
				assert.Equal(t, "request", lines[1]["msg"], "second line")
				assert.Equal(t, id64, lines[0]["trace_id"], "trace_id of the handler's line")
				assert.Equal(t, lines[0]["span_id"], lines[1]["span_id"], "span_id of both")
			}

			logger := zerolog.New(&zero)
			serve(httpmw.New(httpmw.Config{Slog: to.logger(&out), Logger: &logger})(access(http.HandlerFunc(nop))), get(nil))
			assert.Equal(t, "request", zero.Line(t)["message"], "message of zerolog's line, if the context has both loggers")
			assert.Len(t, out.Lines(t), 2, "slog's lines, after a line that went to zerolog")
		})
	}
}

// In a debug trace that is trusted, slog writes the lines of all levels.
func TestSlogDebug(t *testing.T) {
	for _, tt := range []struct {
		name  string
		trust httpmw.Trust
		want  int
	}{{"TrustAll", httpmw.TrustAll, 2}, {"TrustIDs", httpmw.TrustIDs, 0}, {"TrustNone", httpmw.TrustNone, 0}} {
		t.Run(tt.name, func(t *testing.T) {
			var out testkit.Log
			logger := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelWarn}))
			h := httpmw.AccessLog(httpmw.AccessLogConfig{Slog: logger})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				logctx.SlogFrom(r.Context()).Debug("handler")
			}))
			serve(httpmw.New(httpmw.Config{Slog: logger, Trust: trusting(tt.trust)})(h), get(testkit.Header("b3", id64+"-"+spanID+"-d")))
			assert.Len(t, out.Lines(t), tt.want, "lines:\n%s", &out)
		})
	}
}

// strict is another library's handler. It checks a level of its own before it asks the inner
// handler.
type strict struct{ slog.Handler }

func (s strict) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && s.Handler.Enabled(ctx, level)
}

// In a debug trace, the line has the field names of logctx's handler, even if a handler around it
// does not enable the line's level.
func TestSlogDebugNames(t *testing.T) {
	var out testkit.Log
	logger := slog.New(strict{logctx.Slog(slog.NewJSONHandler(&out, nil), logctx.Datadog())})
	h := httpmw.AccessLog(httpmw.AccessLogConfig{Slog: logger})(http.HandlerFunc(nop))
	serve(httpmw.New(httpmw.Config{})(h), get(testkit.Header("b3", id64+"-"+spanID+"-d")))
	line := out.Line(t)
	assert.Equal(t, "GET", line["http.method"], "http.method of %v", line)
	assert.NotContains(t, line, "trace_id", "keys")
}

func TestAccessLogSlogLevels(t *testing.T) {
	for _, tt := range []struct {
		name  string
		level zerolog.Level
		want  any // nil: no line
	}{
		{"trace", zerolog.TraceLevel, "DEBUG-4"},
		{"debug", zerolog.DebugLevel, "DEBUG"},
		{"info", zerolog.InfoLevel, "INFO"},
		{"warn", zerolog.WarnLevel, "WARN"},
		{"error", zerolog.ErrorLevel, "ERROR"},
		{"fatal", zerolog.FatalLevel, "ERROR+4"},
		{"none", zerolog.NoLevel, "INFO"},
		{"disabled", zerolog.Disabled, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out testkit.Log
			logger := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug - 8}))
			serve(httpmw.AccessLog(httpmw.AccessLogConfig{Slog: logger, Level: func(int) zerolog.Level { return tt.level }})(http.HandlerFunc(nop)), get(nil))
			if tt.want == nil {
				assert.Empty(t, out.String(), "lines")
				return
			}
			assert.Equal(t, tt.want, out.Line(t)["level"], "level")
		})
	}
}

func TestAccessLogBothLoggers(t *testing.T) {
	logger := zerolog.Nop()
	assert.PanicsWithValue(t, "httpmw: AccessLog: both Logger and Slog are set", func() {
		httpmw.AccessLog(httpmw.AccessLogConfig{Logger: &logger, Slog: slog.Default()})
	}, "AccessLog")
}

// The user's fields come after clew's fields, and never replace them. The function Fields is
// called after the handler.
func TestAccessLogFields(t *testing.T) {
	fields := func(r *http.Request) []slog.Attr {
		return []slog.Attr{
			slog.String("user_agent", r.UserAgent()),
			slog.Int("n", 7),
			slog.Group("g", slog.Bool("b", true)),
			slog.String("path", "theirs"),
			slog.String("Trace_ID", trace.ID(r.Context())),
			slog.String("host", r.Host),
			slog.String("pattern", r.Pattern),
		}
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", nop)
	for _, outside := range []bool{false, true} {
		for _, tt := range []struct {
			name string
			cfg  func(out *testkit.Log) httpmw.AccessLogConfig
		}{
			{"zerolog", func(out *testkit.Log) httpmw.AccessLogConfig {
				l := zerolog.New(out)
				return httpmw.AccessLogConfig{Logger: &l}
			}},
			{"slog", func(out *testkit.Log) httpmw.AccessLogConfig {
				return httpmw.AccessLogConfig{Slog: slogTo[0].logger(out)}
			}},
			{"slog with logctx's handler", func(out *testkit.Log) httpmw.AccessLogConfig {
				return httpmw.AccessLogConfig{Slog: slogTo[1].logger(out)}
			}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				var out testkit.Log
				cfg := tt.cfg(&out)
				cfg.Fields = fields
				h := httpmw.AccessLog(cfg)
				h2 := httpmw.New(httpmw.Config{})(h(mux))
				if outside {
					h2 = h(httpmw.New(httpmw.Config{})(mux))
				}
				r := get(testkit.Header("b3", id64+"-"+spanID, "User-Agent", "curl\n\"8\""))
				serve(h2, r)
				line := out.Line(t)
				assert.Equal(t, map[string]any{"user_agent": "curl\n\"8\"", "n": 7.0, "g": map[string]any{"b": true}, "path": "/", "path_attr": "theirs",
					"Trace_ID_attr": id64, "host": "svc.example", "pattern": "GET /{$}"}, pick(line, "user_agent", "n", "g", "path", "path_attr", "Trace_ID_attr", "host", "pattern"), "line %v", line)
				assert.Equal(t, id64, line["trace_id"], "trace_id")
				assert.NotContains(t, line, "Trace_ID", "keys")
			})
		}
	}
}

func pick(line map[string]any, keys ...string) map[string]any {
	picked := map[string]any{}
	for _, key := range keys {
		picked[key] = line[key]
	}
	return picked
}

// If a logger has a preset, the access line has the vendor's names and number formats.
func TestAccessLogPresets(t *testing.T) {
	for _, tt := range []struct {
		name string
		cfg  logctx.Config
		want map[string]any
	}{
		{"none", logctx.Config{}, map[string]any{"trace_id": id64, "parent_id": spanID, "caller_parent_id": parentID, "method": "GET", "path": "/", "status": 200.0}},
		{"Datadog", logctx.Datadog(), map[string]any{"dd.trace_id": "5060571933882717101", "dd.parent_id": "11744061942159299346",
			"dd.caller_parent_id": "9007199254740993", "http.method": "GET", "http.url_details.path": "/", "http.status_code": 200.0}},
		{"ECS", logctx.ECS(), map[string]any{"trace.id": id64, "parent.id": spanID, "caller_parent_id": parentID, "http.request.method": "GET", "url.path": "/", "http.response.status_code": 200.0}},
		{"Logback", logctx.Logback(), map[string]any{"traceId": id64, "parentId": spanID, "method": "GET"}},
		{"GoogleCloud", logctx.GoogleCloud("p"), map[string]any{"logging.googleapis.com/trace": "projects/p/traces/0000000000000000" + id64, "parent_id": spanID,
			"logging.googleapis.com/trace_sampled": true}},
	} {
		check := func(t *testing.T, out *testkit.Log) {
			line := out.Line(t)
			keys := make([]string, 0, len(tt.want))
			for key := range tt.want {
				keys = append(keys, key)
			}
			assert.Equal(t, tt.want, pick(line, keys...), "line %v", line)
			if tt.name == "GoogleCloud" {
				request, _ := line["httpRequest"].(map[string]any)
				assert.Regexp(t, `^\d+(\.\d+)?(e-\d+)?s$`, request["latency"], "latency")
				delete(request, "latency")
				assert.Equal(t, map[string]any{"requestMethod": "GET", "requestUrl": "/", "status": 200.0, "responseSize": 0.0, "remoteIp": "192.0.2.1:1234"}, request, "httpRequest")
			}
			if tt.name != "none" {
				assert.NotContains(t, line, "trace_id", "keys")
				assert.NotContains(t, line, "duration_ms_attr", "keys")
			}
		}
		caller := testkit.Header("b3", id64+"-"+spanID+"-1-"+parentID)
		for _, way := range []string{"AccessLog's logger", "New's logger"} {
			t.Run(tt.name+", zerolog, "+way, func(t *testing.T) {
				var out testkit.Log
				logger := zerolog.New(&out).Hook(logctx.Hook(tt.cfg))
				var cfg httpmw.Config
				var access httpmw.AccessLogConfig
				if way == "New's logger" {
					cfg.Logger = &logger
				} else {
					access.Logger = &logger
				}
				serve(httpmw.New(cfg)(httpmw.AccessLog(access)(http.HandlerFunc(nop))), get(caller))
				check(t, &out)
			})
			// If the first of several handlers is enabled, Enabled of logctx's handler is not
			// called.
			for _, behind := range [][]slog.Handler{nil, {slog.NewTextHandler(io.Discard, nil)}} {
				t.Run(fmt.Sprintf("%s, slog, after %d other handlers, %s", tt.name, len(behind), way), func(t *testing.T) {
					var out testkit.Log
					h := logctx.Slog(slog.NewJSONHandler(&out, nil), tt.cfg)
					if len(behind) > 0 {
						h = testkit.MultiHandler(append(behind, h)...)
					}
					var cfg httpmw.Config
					var access httpmw.AccessLogConfig
					if way == "New's logger" {
						cfg.Slog = slog.New(h)
					} else {
						access.Slog = slog.New(h)
					}
					serve(httpmw.New(cfg)(httpmw.AccessLog(access)(http.HandlerFunc(nop))), get(caller))
					check(t, &out)
				})
			}
		}
	}
}
