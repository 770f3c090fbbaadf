package logctx_test

import (
	"context"
	"io"
	stdlog "log"
	"log/slog"
	"runtime"
	"testing"
	"time"

	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// here returns the place that called it.
func here() runtime.Frame {
	var pc [1]uintptr
	runtime.Callers(2, pc[:])
	frame, _ := runtime.CallersFrames(pc[:]).Next()
	return frame
}

// OnMissing gets the place where the program logs, for each way to log.
func TestOnMissing(t *testing.T) {
	var sites []runtime.Frame
	cfg := logctx.Config{OnMissing: func(site runtime.Frame) { sites = append(sites, site) }}
	logger := zerolog.New(io.Discard).Hook(logctx.Hook(cfg))
	stored := logger.WithContext(context.Background())
	records := slog.New(logctx.Slog(slog.NewJSONHandler(io.Discard, nil), cfg))
	standard := stdlog.New(logger, "", 0)
	var nilContext context.Context
	for _, tt := range []struct {
		name string
		log  func() runtime.Frame // returns the place of its own line
	}{
		{"no context", func() runtime.Frame { logger.Info().Msg(message); return here() }},
		{"a nil context", func() runtime.Frame { logger.Info().Ctx(nilContext).Msg(message); return here() }},
		{"a context without a trace", func() runtime.Frame { logger.Info().Ctx(context.Background()).Send(); return here() }},
		{"Msgf", func() runtime.Frame { logger.Warn().Msgf("%d sold", 7); return here() }},
		{"Print", func() runtime.Frame { logger.Print(message); return here() }},
		{"logctx.Info", func() runtime.Frame { logctx.Info(stored).Msg(message); return here() }},
		{"slog", func() runtime.Frame { records.Info(message); return here() }},
		{"slog with a group", func() runtime.Frame { records.WithGroup("g").Info(message, "k", 1); return here() }},
		{"slog with a context", func() runtime.Frame { records.ErrorContext(context.Background(), message); return here() }},
		{"package log", func() runtime.Frame { standard.Print(message); return here() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sites = nil
			want := tt.log()
			require.Len(t, sites, 1, "calls of OnMissing")
			assert.Equal(t, [3]any{want.Function, want.File, want.Line}, [3]any{sites[0].Function, sites[0].File, sites[0].Line})
		})
	}
}

// OnMissing gets the place where a record was made, even if the record is handled elsewhere.
func TestOnMissingOfARecord(t *testing.T) {
	var got runtime.Frame
	h := logctx.Slog(slog.DiscardHandler, logctx.Config{OnMissing: func(site runtime.Frame) { got = site }})
	var pcs [1]uintptr
	runtime.Callers(1, pcs[:])
	made := here()
	require.NoError(t, h.Handle(context.Background(), slog.NewRecord(time.Time{}, slog.LevelInfo, message, pcs[0])))
	assert.Equal(t, made.Line-1, got.Line)
}

func TestOnMissingNotCalled(t *testing.T) {
	cfg := logctx.Config{OnMissing: func(site runtime.Frame) { t.Error("OnMissing was called for a line of", site.Function, site.Line) }}
	logger := zerolog.New(io.Discard).Hook(logctx.Hook(cfg))
	records := slog.New(logctx.Slog(slog.NewJSONHandler(io.Discard, nil), cfg))
	ctx := testkit.Request()
	for name, line := range map[string]func(){
		"hook": func() { logger.Info().Ctx(ctx).Msg(message) },
		"slog": func() { records.InfoContext(ctx, message) },
	} {
		assert.LessOrEqual(t, testing.AllocsPerRun(200, line), float64(raceAllocs), "allocations of a line with a trace: %s", name)
	}
	quiet := logger.Level(zerolog.WarnLevel)
	quiet.Info().Msg("is not logged")
	records.Debug("is not logged")
}

// OnMissing is not called for a line that another hook has discarded.
func TestOnMissingOfADiscardedLine(t *testing.T) {
	cfg := logctx.Config{OnMissing: func(site runtime.Frame) { t.Error("OnMissing was called for a line of", site.Function, site.Line) }}
	discard := zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) { e.Discard() })
	logger := zerolog.New(io.Discard).Hook(discard, logctx.Hook(cfg))
	logger.Info().Msg(message)
}
