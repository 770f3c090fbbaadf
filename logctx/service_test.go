package logctx_test

import (
	"bytes"
	"io"
	"log/slog"
	"strings"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
)

// Every line has the service once, under the vendor's name, with and without a trace.
func TestService(t *testing.T) {
	for _, preset := range []struct {
		name string
		cfg  logctx.Config
		want fields
	}{
		{"none", logctx.Config{}, fields{"service": "media-api"}},
		{"Datadog", logctx.Datadog(), fields{"service": "media-api"}},
		{"ECS", logctx.ECS(), fields{"service.name": "media-api"}},
		{"Logback", logctx.Logback(), fields{"service": "media-api"}},
		{"GoogleCloud", logctx.GoogleCloud("p"), fields{"serviceContext": fields{"service": "media-api"}}},
	} {
		cfg := preset.cfg
		cfg.Service = "media-api"
		for _, to := range []struct {
			name   string
			logger func(out io.Writer) func(traced bool)
		}{
			{"New", func(out io.Writer) func(bool) { return zerologLine(logctx.New(out, cfg)) }},
			{"Hook", func(out io.Writer) func(bool) { return zerologLine(zerolog.New(out).Hook(logctx.Hook(cfg))) }},
			{"Slog", func(out io.Writer) func(bool) { return slogLine(logctx.Slog(slog.NewJSONHandler(out, nil), cfg)) }},
			{"Slog, in a group", func(out io.Writer) func(bool) {
				return slogLine(logctx.Slog(slog.NewJSONHandler(out, nil), cfg).WithGroup("g"))
			}},
			{"Slog, twice", func(out io.Writer) func(bool) {
				return slogLine(logctx.Slog(logctx.Slog(slog.NewJSONHandler(out, nil), cfg), cfg))
			}},
		} {
			for _, traced := range []bool{true, false} {
				t.Run(preset.name+", "+to.name, func(t *testing.T) {
					var out bytes.Buffer
					to.logger(&out)(traced)
					assert.Equal(t, 1, strings.Count(out.String(), "media-api"), "how often the service is on the line %s", &out)
					line := testkit.TakeLine(t, &out)
					for key, want := range preset.want {
						assert.Equal(t, want, line[key], "%s of %v", key, line)
					}
				})
			}
		}
	}
}

func zerologLine(l zerolog.Logger) func(traced bool) {
	return func(traced bool) {
		e := l.Info()
		if traced {
			e = e.Ctx(testkit.Request())
		}
		e.Msg(message)
	}
}

func slogLine(h slog.Handler) func(traced bool) {
	return func(traced bool) {
		if traced {
			slog.New(h).InfoContext(testkit.Request(), message, "k", "v")
		} else {
			slog.New(h).Info(message, "k", "v")
		}
	}
}

// An attribute with the key of the service is renamed, as an attribute with the key of an ID is.
func TestServiceClash(t *testing.T) {
	cfg := logctx.Config{Service: "media-api"}
	for _, tt := range []struct {
		name string
		log  func(l *slog.Logger)
		want fields
	}{
		{"attribute", func(l *slog.Logger) { l.Info(message, "service", "theirs") }, fields{"service": "media-api", "service_attr": "theirs"}},
		{"attribute, in a trace", func(l *slog.Logger) { l.InfoContext(testkit.Request(), message, "Service", "theirs") }, fields{"service": "media-api", "Service_attr": "theirs"}},
		{"With", func(l *slog.Logger) { l.With("service", "theirs").Info(message) }, fields{"service": "media-api", "service_attr": "theirs"}},
		{"group", func(l *slog.Logger) { l.WithGroup("service").Info(message, "k", "v") }, fields{"service": "media-api", "service_attr": fields{"k": "v"}}},
		{"the same value", func(l *slog.Logger) { l.Info(message, "service", "media-api") }, fields{"service": "media-api"}},
		{"in a group", func(l *slog.Logger) { l.WithGroup("g").Info(message, "service", "theirs") }, fields{"service": "media-api", "g": fields{"service": "theirs"}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			tt.log(slog.New(logctx.Slog(slog.NewJSONHandler(&out, nil), cfg)))
			line := testkit.TakeLine(t, &out)
			for _, key := range []string{"time", "level", "msg", "trace_id", "span_id"} {
				delete(line, key)
			}
			assert.Equal(t, tt.want, line, "line without time, level, message and IDs")
		})
	}
}

// Only New and Console read the environment, and only if their Config has no Service.
func TestServiceFromTheEnvironment(t *testing.T) {
	t.Setenv("OTEL_SERVICE_NAME", "from-env")
	for _, tt := range []struct {
		name   string
		logger func(out io.Writer) zerolog.Logger
		want   any
	}{
		{"New", func(out io.Writer) zerolog.Logger { return logctx.New(out) }, nil},
		{"New, Config", func(out io.Writer) zerolog.Logger { return logctx.New(out, logctx.Config{}) }, "from-env"},
		{"New, Service", func(out io.Writer) zerolog.Logger { return logctx.New(out, logctx.Config{Service: "own"}) }, "own"},
		{"New, With", func(out io.Writer) zerolog.Logger {
			return logctx.New(out).With().Str("service", "own").Logger()
		}, "own"},
		{"Hook", func(out io.Writer) zerolog.Logger {
			return testkit.Hooked(out)
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			zerologLine(tt.logger(&out))(true)
			assert.LessOrEqual(t, strings.Count(out.String(), `"service"`), 1, "how often the key service is on the line %s", &out)
			assert.Equal(t, tt.want, testkit.TakeLine(t, &out)["service"], "service")
		})
	}
	for _, tt := range []struct {
		name string
		cfg  []logctx.Config
		want string
	}{
		{"Console", nil, " INF hello\n"},
		{"Console, Config", []logctx.Config{{}}, " INF from-env hello\n"},
		{"Console, Service", []logctx.Config{{Service: "own"}}, " INF own hello\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			zerologLine(logctx.Console(&out, tt.cfg...))(false)
			assert.True(t, strings.HasSuffix(out.String(), tt.want), "%q ends with %q", &out, tt.want)
		})
	}
	var out bytes.Buffer
	slogLine(logctx.Slog(slog.NewJSONHandler(&out, nil), logctx.Config{}))(true)
	assert.NotContains(t, out.String(), "from-env", "Slog's line")
}

func TestMoreThanOneConfig(t *testing.T) {
	assert.PanicsWithValue(t, "logctx: New: more than one Config", func() { logctx.New(io.Discard, logctx.Config{}, logctx.Config{}) })
	assert.PanicsWithValue(t, "logctx: Console: more than one Config", func() { logctx.Console(io.Discard, logctx.Config{}, logctx.Config{}) })
}

// The caller's Config is not changed.
func TestConfigIsNotChanged(t *testing.T) {
	t.Setenv("OTEL_SERVICE_NAME", "from-env")
	cfgs := []logctx.Config{{}}
	logctx.New(io.Discard, cfgs...)
	assert.Empty(t, cfgs[0].Service, "Service")
}

// With each preset, Console writes the parts of a line in the same order, and shows the service
// and the ID once.
func TestConsolePresets(t *testing.T) {
	clock := stopped(t).Format("15:04:05.000000")
	for _, tt := range []struct {
		name string
		cfg  logctx.Config
		want string
	}{
		{"none", logctx.Config{}, id64 + " hello span_id=" + spanID},
		{"Datadog", logctx.Datadog(), "5060571933882717101 hello dd.span_id=11744061942159299346"},
		{"ECS", logctx.ECS(), id64 + " hello span.id=" + spanID},
		{"Logback", logctx.Logback(), id64 + " hello spanId=" + spanID},
		{"GoogleCloud", logctx.GoogleCloud(""), "0000000000000000" + id64 + " hello logging.googleapis.com/spanId=" + spanID + " logging.googleapis.com/trace_sampled=false"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.Service = "media-api"
			var out bytes.Buffer
			logger := logctx.Console(&out, tt.cfg)
			logger.Info().Ctx(testkit.Context(id64 + "-" + spanID + "-0")).Msg(message)
			assert.Equal(t, clock+" INF media-api "+tt.want+"\n", out.String())
		})
	}
}
