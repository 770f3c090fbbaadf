package logctx_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"example.com/clew/httpmw"
	"example.com/clew/internal/logbind"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// counted counts the calls of a sampler.
type counted struct {
	zerolog.Sampler
	asked *atomic.Int64
}

func (c counted) Sample(level zerolog.Level) bool {
	c.asked.Add(1)
	return c.Sampler.Sample(level)
}

// samplers are samplers of zerolog. Each drops nearly all of a hundred lines.
var samplers = []struct {
	name string
	new  func() zerolog.Sampler
}{
	{"BasicSampler", func() zerolog.Sampler { return &zerolog.BasicSampler{N: 50} }},
	{"RandomSampler", func() zerolog.Sampler { return zerolog.RandomSampler(1_000_000) }},
	{"none at all", func() zerolog.Sampler { return zerolog.RandomSampler(0) }},
	{"BurstSampler", func() zerolog.Sampler { return &zerolog.BurstSampler{Burst: 2, Period: time.Hour} }},
	{"LevelSampler", func() zerolog.Sampler {
		few := &zerolog.BasicSampler{N: 50}
		return zerolog.LevelSampler{DebugSampler: few, InfoSampler: few, WarnSampler: few, ErrorSampler: few}
	}},
}

// lines logs 120 lines, 20 in each of six ways that use the context's logger. It returns how many
// lines of each level are written.
func lines(t *testing.T, ctx context.Context, out *bytes.Buffer) (levels map[any]int) {
	t.Helper()
	out.Reset()
	for range 20 {
		zerolog.Ctx(ctx).Debug().Msg(message)
		logctx.Debug(ctx).Msg(message)
		logctx.Info(ctx).Msg(message)
		logctx.From(ctx).Info().Msg(message)
		copied := zerolog.Ctx(ctx).With().Str("copied", "in the handler").Logger()
		copied.Warn().Msg(message)
		zerolog.Ctx(ctx).WithLevel(zerolog.ErrorLevel).Msg(message)
	}
	levels = map[any]int{}
	for _, line := range testkit.TakeLines(t, out) {
		assert.Equal(t, trace.ID(ctx), line["trace_id"], "trace_id of the line")
		levels[line["level"]]++
	}
	return levels
}

var allOfThem = map[any]int{"debug": 40, "info": 40, "warn": 20, "error": 20}

// All lines of a debug trace are written, even if the logger would drop them in another trace. The
// sampler is not asked: other requests share it, and asking changes its count.
func TestDebugIsHeard(t *testing.T) {
	for _, sampler := range samplers {
		for _, level := range []zerolog.Level{zerolog.TraceLevel, zerolog.DebugLevel, zerolog.InfoLevel, zerolog.ErrorLevel} {
			t.Run(sampler.name+", "+level.String(), func(t *testing.T) {
				var out bytes.Buffer
				var asked atomic.Int64
				logger := testkit.Hooked(&out).Level(level).Sample(counted{sampler.new(), &asked})
				assert.Equal(t, allOfThem, lines(t, logbind.BindDebug(testkit.Request(), logger), &out), "lines of a debug trace")
				assert.Zero(t, asked.Load(), "times that the sampler was asked in a debug trace")

				few := lines(t, logbind.Bind(testkit.Request(), logger), &out)
				assert.Less(t, few["debug"]+few["info"], 40, "lines of another trace, where the sampler still drops lines: %v", few)
				if level <= zerolog.DebugLevel {
					assert.NotZero(t, asked.Load(), "times that the sampler was asked in another trace")
				}
			})
		}
	}
}

// Over HTTP, a header begins a debug trace only if the caller is trusted.
func TestDebugIsHeardOverHTTP(t *testing.T) {
	for _, test := range []struct {
		name  string
		trust httpmw.Trust
		b3    string
		heard bool
	}{
		{"debug", httpmw.TrustAll, id128 + "-" + spanID + "-d", true},
		{"accept", httpmw.TrustAll, id128 + "-" + spanID + "-1", false},
		{"debug, and only the IDs are trusted", httpmw.TrustIDs, id128 + "-" + spanID + "-d", false},
		{"debug, and nothing is trusted", httpmw.TrustNone, id128 + "-" + spanID + "-d", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			logger := testkit.Hooked(&out).Level(zerolog.InfoLevel).Sample(zerolog.RandomSampler(0))
			cfg := httpmw.Config{Logger: &logger, Trust: func(*http.Request) httpmw.Trust { return test.trust }}
			var levels map[any]int
			handler := http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { levels = lines(t, r.Context(), &out) })
			r := httptest.NewRequest("GET", "/", nil)
			r.Header.Set("b3", test.b3)
			httpmw.New(cfg)(httpmw.AccessLog(httpmw.AccessLogConfig{})(handler)).ServeHTTP(httptest.NewRecorder(), r)
			if test.heard {
				assert.Equal(t, allOfThem, levels, "lines of the handler")
				assert.Equal(t, "request", testkit.TakeLine(t, &out)["message"], "the access line")
			} else {
				assert.Empty(t, levels, "lines of the handler")
				assert.Empty(t, out.String(), "the access line")
			}
		})
	}
}

// In the trace after a debug trace, the logger has its sampler and its level back.
func TestRootGivesTheSamplerBack(t *testing.T) {
	derived := func(ctx context.Context) context.Context {
		return zerolog.Ctx(ctx).With().Str("user", "ann").Logger().WithContext(ctx)
	}
	updated := func(ctx context.Context) context.Context {
		zerolog.Ctx(ctx).UpdateContext(func(c zerolog.Context) zerolog.Context { return c.Str("user", "ann") })
		return ctx
	}
	changed := func(ctx context.Context) context.Context {
		return zerolog.Ctx(ctx).Level(zerolog.WarnLevel).WithContext(ctx)
	}
	same := func(ctx context.Context) context.Context { return ctx }
	for _, test := range []struct {
		name    string
		level   zerolog.Level
		between func(ctx context.Context) context.Context // what the program does in the debug trace
		want    []any                                     // levels of the written lines, of twelve that are logged in the new trace
		user    any
	}{
		{name: "info", level: zerolog.InfoLevel, between: same, want: []any{"info", "info", "info"}},
		{name: "debug", level: zerolog.DebugLevel, between: same, want: []any{"debug", "debug", "debug", "debug", "debug", "debug"}},
		{name: "trace", level: zerolog.TraceLevel, between: same, want: []any{"debug", "debug", "debug", "debug", "debug", "debug"}},
		{name: "error", level: zerolog.ErrorLevel, between: same},
		{name: "given a field", level: zerolog.InfoLevel, between: derived, want: []any{"info", "info", "info"}, user: "ann"},
		{name: "given a field in place", level: zerolog.InfoLevel, between: updated, want: []any{"info", "info", "info"}, user: "ann"},
		{name: "given another level", level: zerolog.InfoLevel, between: changed, want: nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			var asked atomic.Int64
			logger := testkit.Hooked(&out).Level(test.level).Sample(counted{&zerolog.BasicSampler{N: 2}, &asked})
			ctx := test.between(logbind.BindDebug(testkit.Request(), logger))
			assert.Zero(t, asked.Load(), "times that the sampler was asked in the debug trace")
			root, _ := trace.Root(ctx, "root")
			again, _ := trace.Root(root, "again")
			for _, ctx := range []context.Context{root, again} {
				var got []any
				for range 6 {
					zerolog.Ctx(ctx).Debug().Msg(message)
					zerolog.Ctx(ctx).Info().Msg(message)
				}
				for _, line := range testkit.TakeLines(t, &out) {
					assert.Equal(t, trace.ID(ctx), line["trace_id"], "trace_id of the line")
					assert.Equal(t, test.user, line["user"], "field of the line")
					got = append(got, line["level"])
				}
				assert.Equal(t, test.want, got, "levels of the lines in the new trace")
			}
			zerolog.Ctx(ctx).Error().Msg(message)
			assert.Len(t, testkit.TakeLines(t, &out), 1, "lines of the debug trace, logged after a new trace has begun")
		})
	}
}

// Each line asks the restored sampler once. Another question would change the sampler's count.
func TestASamplerThatIsBackIsAskedOnce(t *testing.T) {
	var out bytes.Buffer
	var asked atomic.Int64
	var hooks int
	count := zerolog.HookFunc(func(*zerolog.Event, zerolog.Level, string) { hooks++ })
	logger := testkit.Hooked(&out).Hook(count).Level(zerolog.InfoLevel).Sample(counted{&zerolog.BasicSampler{N: 3}, &asked})
	root, _ := trace.Root(logbind.BindDebug(testkit.Request(), logger), "root")
	for range 9 {
		zerolog.Ctx(root).Debug().Msg("too low to be sampled")
		zerolog.Ctx(root).Info().Msg(message)
	}
	assert.EqualValues(t, 9, asked.Load(), "times that the sampler was asked")
	assert.Len(t, testkit.TakeLines(t, &out), 3, "lines")
	assert.Equal(t, 3, hooks, "calls of the hook: only for lines that are written")
	for _, level := range []zerolog.Level{zerolog.WarnLevel, zerolog.FatalLevel, zerolog.PanicLevel, zerolog.NoLevel, 42} {
		asked.Store(0)
		zerolog.Ctx(root).WithLevel(level).Msg(message)
		assert.EqualValues(t, 1, asked.Load(), "times that the sampler was asked about level %v", level)
	}
}

// The restored sampler drops no line because of its level. Only the logger has a level, which the
// program can lower.
func TestASamplerThatIsBackHasNoLevel(t *testing.T) {
	var out bytes.Buffer
	logger := testkit.Hooked(&out).Level(zerolog.ErrorLevel).Sample(&zerolog.BasicSampler{N: 1})
	root, _ := trace.Root(logbind.BindDebug(testkit.Request(), logger), "root")
	lower := zerolog.Ctx(root).Level(zerolog.TraceLevel)
	lower.Trace().Msg(message)
	assert.Len(t, testkit.TakeLines(t, &out), 1, "lines of a logger whose level was lowered in the new trace")
}

// A level and a sampler that the program sets in the new trace stay in the traces that follow.
func TestRootGivesBackOnce(t *testing.T) {
	var out bytes.Buffer
	logger := testkit.Hooked(&out).Level(zerolog.WarnLevel).Sample(zerolog.RandomSampler(0))
	root, _ := trace.Root(logbind.BindDebug(testkit.Request(), logger), "root")
	root = zerolog.Ctx(root).Level(zerolog.DebugLevel).Sample(nil).WithContext(root)
	again, _ := trace.Root(root, "again")
	assert.Equal(t, allOfThem, lines(t, again, &out), "lines")
}

// zerolog's global level and its global switch for sampling have priority, since main sets them.
func TestDebugUnderZerologsGlobals(t *testing.T) {
	var out bytes.Buffer
	defer zerolog.SetGlobalLevel(zerolog.GlobalLevel())
	defer zerolog.DisableSampling(false)
	logger := testkit.Hooked(&out).Level(zerolog.WarnLevel).Sample(zerolog.RandomSampler(0))
	zerolog.SetGlobalLevel(zerolog.InfoLevel)
	assert.Equal(t, map[any]int{"info": 40, "warn": 20, "error": 20}, lines(t, logbind.BindDebug(testkit.Request(), logger), &out), "lines under a global level of info")
	zerolog.SetGlobalLevel(zerolog.TraceLevel)

	root, _ := trace.Root(logbind.BindDebug(testkit.Request(), logger), "root")
	assert.Empty(t, lines(t, root, &out), "lines of the next trace, sampled")
	zerolog.DisableSampling(true)
	assert.Equal(t, map[any]int{"warn": 20, "error": 20}, lines(t, root, &out), "lines of the next trace, sampling disabled")
}

// In a debug trace, a disabled logger stays disabled, and the program's hooks can still discard
// lines.
func TestDebugOfADisabledLogger(t *testing.T) {
	var out bytes.Buffer
	ctx := logbind.BindDebug(testkit.Request(), testkit.Hooked(&out).Level(zerolog.Disabled))
	assert.Empty(t, lines(t, ctx, &out), "lines of a disabled logger")
	discard := zerolog.HookFunc(func(e *zerolog.Event, level zerolog.Level, _ string) {
		if level == zerolog.InfoLevel {
			e.Discard()
		}
	})
	ctx = logbind.BindDebug(testkit.Request(), testkit.Hooked(&out).Hook(discard))
	assert.Equal(t, map[any]int{"debug": 40, "warn": 20, "error": 20}, lines(t, ctx, &out), "lines of a logger with a hook that discards info lines")
}

// A line in a debug trace costs no allocation, as in any other trace.
func TestDebugAllocations(t *testing.T) {
	ctx := logbind.BindDebug(testkit.Request(), testkit.Hooked(io.Discard).Sample(&zerolog.BasicSampler{N: 2}))
	got := testing.AllocsPerRun(200, func() { zerolog.Ctx(ctx).Info().Msg(message) })
	assert.LessOrEqual(t, got, float64(raceAllocs), "allocations of a line in a debug trace")
}

// The end of a debug trace restores the level once. A level that the program sets later stays, in
// every later root.
func TestRootsGiveBackOnce(t *testing.T) {
	for _, roots := range []int{1, 2, 3} {
		t.Run(strconv.Itoa(roots), func(t *testing.T) {
			var out bytes.Buffer
			ctx := logbind.BindDebug(testkit.Request(), testkit.Hooked(&out).Level(zerolog.InfoLevel))
			for range roots {
				ctx, _ = trace.Root(ctx, "root")
			}
			require.Equal(t, zerolog.InfoLevel, zerolog.Ctx(ctx).GetLevel(), "level after %d roots", roots)
			ctx = zerolog.Ctx(ctx).Level(zerolog.DebugLevel).WithContext(ctx)
			for range 3 {
				ctx, _ = trace.Root(ctx, "root")
				assert.Equal(t, zerolog.DebugLevel, zerolog.Ctx(ctx).GetLevel(), "level that the program has set")
			}
		})
	}
}
