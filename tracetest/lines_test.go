package tracetest_test

import (
	"context"
	"log/slog"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"example.com/clew/tracetest"
	"github.com/stretchr/testify/assert"
)

const (
	id128 = testkit.ID128
	id64  = testkit.ID64
)

func TestLines(t *testing.T) {
	for _, tt := range []struct {
		name                string
		key, written        string
		everyLine, oneTrace []string // parts of the errors of EveryLineHas and OneTrace
		id                  string   // the ID that OneTrace returns
	}{
		{"no lines", "", "", []string{"no log lines"}, []string{"no log lines"}, ""},
		{"one line", "", `{"trace_id":"` + id128 + `"}` + "\n", nil, nil, id128},
		{"a line without a line end", "", `{"trace_id":"` + id128 + `"}`, nil, nil, id128},
		{"two lines of one trace", "", `{"trace_id":"` + id128 + `"}` + "\n" + `{"n":2,"trace_id":"` + id128 + `"}` + "\n", nil, nil, id128},
		{"another trace", "", `{"trace_id":"` + id64 + `"}` + "\n", []string{`trace ID is "` + id64 + `", want "` + id128 + `"`}, nil, id64},
		{"two traces", "", `{"trace_id":"` + id128 + `"}` + "\n" + `{"trace_id":"` + id64 + `"}` + "\n",
			[]string{`trace ID is "` + id64 + `"`}, []string{`before it was "` + id128 + `"`}, id128},
		{"a line without an ID", "", `{"message":"sold"}` + "\n" + `{"trace_id":"` + id128 + `"}` + "\n",
			[]string{`trace ID is "", want "` + id128 + `": {"message":"sold"}`}, []string{`no trace ID: {"message":"sold"}`}, id128},
		{"an ID that is no string", "", `{"trace_id":7}` + "\n", []string{`trace ID is ""`}, []string{"no trace ID"}, ""},
		{"another key", "trace.id", `{"trace.id":"` + id128 + `","trace_id":"` + id64 + `"}` + "\n", nil, nil, id128},
		{"a line that is not JSON", "", "sold\n" + `{"trace_id":"` + id128 + `"}` + "\n", []string{"cannot be read"}, []string{"cannot be read"}, id128},
	} {
		t.Run(tt.name, func(t *testing.T) {
			write := func() (*fakeTB, *tracetest.Log) {
				fake := &fakeTB{TB: t}
				lines := tracetest.Lines(fake)
				lines.TraceKey = tt.key
				_, err := lines.Write([]byte(tt.written))
				assert.NoError(t, err)
				return fake, lines
			}
			fake, lines := write()
			lines.EveryLineHas(id128)
			assertErrors(t, tt.everyLine, fake.end())
			fake, lines = write()
			assert.Equal(t, tt.id, lines.OneTrace(), "ID that OneTrace returns")
			assertErrors(t, tt.oneTrace, fake.end())
		})
	}
}

// assertErrors checks that each of the errors contains the text that is wanted for it.
func assertErrors(t *testing.T, want, got []string) {
	t.Helper()
	if assert.Len(t, got, len(want), "errors: %q", got) {
		for i := range want {
			assert.Contains(t, got[i], want[i])
		}
	}
}

// The trace ID of a context that has lost its trace is "". EveryLineHas refuses this ID.
func TestEveryLineHasNothing(t *testing.T) {
	fake := &fakeTB{TB: t}
	lines := tracetest.Lines(fake)
	_, _ = lines.Write([]byte(`{"message":"sold"}` + "\n"))
	lines.EveryLineHas(trace.ID(context.Background()))
	assertErrors(t, []string{"is empty"}, fake.end())
}

func TestLinesOfLoggers(t *testing.T) {
	lines := tracetest.Lines(t)
	ctx, _ := trace.Start(context.Background(), "")
	l := logctx.New(lines)
	l.Info().Ctx(ctx).Msg("by zerolog")
	slog.New(logctx.Slog(slog.NewJSONHandler(lines, nil), logctx.Config{})).InfoContext(ctx, "by slog")
	lines.EveryLineHas(trace.ID(ctx))
	assert.Equal(t, trace.ID(ctx), lines.OneTrace())
}

// Log reads the lines of each of clew's loggers, in each form.
func TestLinesOfForms(t *testing.T) {
	for _, id := range []string{id128, id64, "1234567890123456", "12345678901234e5"} {
		lines := tracetest.Lines(t)
		ctx := testkit.Context(id + "-" + testkit.SpanID)
		console := logctx.Console(lines, logctx.Config{Service: "shop"})
		console.Info().Ctx(ctx).Str("a", "b c").Msg("on a console")
		slog.New(logctx.Slog(slog.NewTextHandler(lines, nil), logctx.Config{})).InfoContext(ctx, "as text")
		slog.New(logctx.Slog(slog.NewJSONHandler(lines, nil), logctx.Config{})).InfoContext(ctx, "as JSON")
		assert.Equal(t, id, lines.OneTrace())
		lines.EveryLineHas(id)
	}
}

// With a TraceKey, Log uses the text of the field unchanged, although clew reads such a field in
// another way.
func TestLinesOfPresets(t *testing.T) {
	ctx := testkit.Request()
	for _, tt := range []struct {
		name string
		cfg  logctx.Config
		want string
	}{
		{"Datadog", logctx.Datadog(), testkit.DecimalLow},
		{"Google Cloud", logctx.GoogleCloud("p"), "projects/p/traces/" + id128},
		{"ECS", logctx.ECS(), id128},
		{"a key of one's own", logctx.Config{TraceKey: "tid"}, id128},
	} {
		t.Run(tt.name, func(t *testing.T) {
			lines := tracetest.Lines(t)
			lines.TraceKey = tt.cfg.TraceKey
			l := logctx.New(lines, tt.cfg)
			l.Info().Ctx(ctx).Msg("by zerolog")
			slog.New(logctx.Slog(slog.NewTextHandler(lines, nil), tt.cfg)).InfoContext(ctx, "as text")
			assert.Equal(t, tt.want, lines.OneTrace())

			fake := &fakeTB{TB: t}
			lines = tracetest.Lines(fake)
			l = logctx.New(lines, tt.cfg)
			l.Info().Ctx(ctx).Msg("by zerolog")
			assert.Empty(t, lines.OneTrace(), "without a TraceKey, only trace_id is read")
			assertErrors(t, []string{"no trace ID"}, fake.end())
		})
	}
}
