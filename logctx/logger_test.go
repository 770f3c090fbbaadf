package logctx_test

import (
	"bytes"
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stopped makes zerolog's clock stand still until the test ends.
func stopped(t *testing.T) time.Time {
	t.Helper()
	now := time.Date(2026, 3, 4, 5, 6, 7, 89_000_000, time.Local)
	old := zerolog.TimestampFunc
	zerolog.TimestampFunc = func() time.Time { return now }
	t.Cleanup(func() { zerolog.TimestampFunc = old })
	return now
}

func TestNew(t *testing.T) {
	now := stopped(t)
	var out bytes.Buffer
	logger := logctx.New(&out)
	logger.Warn().Ctx(testkit.Request()).Str("k", "v").Msg(message)
	line := testkit.TakeLine(t, &out)
	written, err := time.Parse(time.RFC3339Nano, line["time"].(string))
	require.NoError(t, err, "time of the line")
	assert.True(t, written.Equal(now), "time of the line: got %v, want %v", written, now)
	delete(line, "time")
	assert.Equal(t, fields{"level": "warn", "trace_id": id128, "span_id": spanID, "k": "v", "message": message}, line, "line")
}

func TestNewTime(t *testing.T) {
	old := zerolog.TimestampFunc
	defer func() { zerolog.TimestampFunc = old }()
	for _, zone := range []*time.Location{time.UTC, time.FixedZone("", 5*3600+45*60), time.FixedZone("", -8*3600)} {
		for _, now := range []time.Time{
			time.Date(2026, 3, 4, 5, 6, 7, 0, zone),
			time.Date(2026, 12, 31, 23, 59, 59, 999_999_999, zone),
			time.Date(2026, 3, 4, 5, 6, 7, 12_345_678, zone),
			time.Date(10000, 1, 1, 0, 0, 0, 120_000_000, zone),
			time.Date(1, 1, 1, 0, 0, 0, 1_000_000, zone),
		} {
			zerolog.TimestampFunc = func() time.Time { return now }
			var out bytes.Buffer
			logger := logctx.New(&out)
			logger.Log().Send()
			assert.Equal(t, now.Format("2006-01-02T15:04:05.000000Z07:00"), testkit.TakeLine(t, &out)["time"], "time of the line")
		}
	}
}

func TestNewKeepsTheTimeFormat(t *testing.T) {
	now := stopped(t)
	old := zerolog.TimeFieldFormat
	defer func() { zerolog.TimeFieldFormat = old }()
	zerolog.TimeFieldFormat = zerolog.TimeFormatUnixMs
	var out bytes.Buffer
	logger := logctx.New(&out)
	logger.Info().Send()
	assert.Contains(t, out.String(), `"time":`+strconv.FormatInt(now.UnixMilli(), 10)+"}", "time of the line in TimeFormatUnixMs")
}

func TestNilWriterDiscards(t *testing.T) {
	logger := logctx.New(nil)
	assert.NotPanics(t, func() { logger.Info().Ctx(testkit.Request()).Msg(message) }, "a line to New(nil)")
	logger = logctx.Console(nil)
	assert.NotPanics(t, func() { logger.Info().Ctx(testkit.Request()).Msg(message) }, "a line to Console(nil)")
}

var escapes = regexp.MustCompile("\x1b\\[[0-9;]*m")

func TestConsole(t *testing.T) {
	clock := stopped(t).Format("15:04:05.000000")
	tests := []struct {
		name string
		log  func(l *zerolog.Logger)
		want string // without colours
	}{
		{name: "in a trace", log: func(l *zerolog.Logger) { l.Info().Ctx(testkit.Request()).Str("k", "v").Int("n", 7).Msg("hello there") },
			want: clock + " INF " + id128 + " hello there k=v n=7 span_id=" + spanID + "\n"},
		{name: "64 bit", log: func(l *zerolog.Logger) { l.Warn().Ctx(testkit.Context(id64 + "-" + spanID)).Msg(message) },
			want: clock + " WRN " + id64 + " hello span_id=" + spanID + "\n"},
		{name: "without a trace", log: func(l *zerolog.Logger) { l.Error().Err(errors.New("gone")).Msg(message) },
			want: clock + " ERR hello error=gone\n"},
		{name: "without a message", log: func(l *zerolog.Logger) { l.Debug().Ctx(testkit.Request()).Send() },
			want: clock + " DBG " + id128 + " span_id=" + spanID + "\n"},
		{name: "non-ASCII letters", log: func(l *zerolog.Logger) { l.Info().Msg("größer, 大きい, \"quoted\"") },
			want: clock + " INF größer, 大きい, \"quoted\"\n"},
		{name: "nested", log: func(l *zerolog.Logger) { l.Info().Dict("d", zerolog.Dict().Str("k", "ü <v>")).Msg(message) },
			want: clock + " INF hello d={\"k\":\"ü <v>\"}\n"},
	}
	for _, force := range []string{"", "1"} {
		t.Setenv("CLICOLOR_FORCE", force)
		for _, test := range tests {
			t.Run(test.name+", CLICOLOR_FORCE="+force, func(t *testing.T) {
				var out bytes.Buffer
				logger := logctx.Console(&out)
				test.log(&logger)
				assert.Equal(t, test.want, escapes.ReplaceAllString(out.String(), ""), "line without its colours")
				assert.Equal(t, force != "", escapes.MatchString(out.String()), "colours are in the line %q", out.String())
			})
		}
	}
}

// All lines of a trace have one colour, which the eye can follow.
func TestConsoleColoursTheID(t *testing.T) {
	t.Setenv("CLICOLOR_FORCE", "1")
	colour := func(id string) string {
		var out bytes.Buffer
		logger := logctx.Console(&out)
		logger.Info().Ctx(testkit.Context(id + "-" + spanID)).Msg(message)
		m := regexp.MustCompile("\x1b\\[([0-9]+)m" + id + "\x1b\\[0m").FindStringSubmatch(out.String())
		require.NotNil(t, m, "a coloured %s in %q", id, out.String())
		return m[1]
	}
	colours := map[string]int{}
	for i := range 200 {
		id := strings.Repeat("0", 12) + strconv.Itoa(1000+i)
		assert.Equal(t, colour(id), colour(id), "colours of one ID on two lines")
		colours[colour(id)]++
	}
	assert.Len(t, colours, 12, "colours of 200 IDs")
}

// hostile are texts that could control a terminal, or look like another line.
var hostile = []struct{ name, text string }{
	{name: "newline", text: "a\n05:06:07.089 INF forged"},
	{name: "carriage return", text: "a\rforged"},
	{name: "colour", text: "\x1b[31mred"},
	{name: "clear screen", text: "\x1b[2J\x1b[H"},
	{name: "window title", text: "\x1b]0;owned\x07"},
	{name: "C1 escape", text: "\u009b2Ja"},
	{name: "delete", text: "a\x7fb"},
	{name: "right to left", text: "a\u202egnp.exe"},
	{name: "line separator", text: "a\u2028b"},
	{name: "not UTF-8", text: "a\x9b2J\xff"},
}

// places are the parts of a line that can contain text from outside.
var places = []struct {
	name string
	log  func(l zerolog.Logger, s string)
}{
	{name: "message", log: func(l zerolog.Logger, s string) { l.Info().Msg(s) }},
	{name: "field", log: func(l zerolog.Logger, s string) { l.Info().Str("k", s).Msg(message) }},
	{name: "error", log: func(l zerolog.Logger, s string) { l.Info().Err(errors.New(s)).Msg(message) }},
	{name: "array", log: func(l zerolog.Logger, s string) { l.Info().Strs("k", []string{s}).Msg(message) }},
	{name: "object", log: func(l zerolog.Logger, s string) { l.Info().Interface("k", fields{"k": s}).Msg(message) }},
	{name: "key of an object", log: func(l zerolog.Logger, s string) { l.Info().Interface("k", fields{s: 1}).Msg(message) }},
	{name: "key", log: func(l zerolog.Logger, s string) { l.Info().Str(s, "v").Msg(message) }},
	{name: "trace_id", log: func(l zerolog.Logger, s string) { l.Info().Str("trace_id", s).Msg(message) }},
	{name: "trace_id, not a string", log: func(l zerolog.Logger, s string) { l.Info().Strs("trace_id", []string{s}).Msg(message) }},
	{name: "message, not a string", log: func(l zerolog.Logger, s string) { l.Info().Strs("message", []string{s}).Send() }},
	// The hook adds its own time later, and the last field with a key is the one that is shown.
	{name: "time", log: func(l zerolog.Logger, s string) { l.Info().Str("time", s).Msg(message) }},
	{name: "level", log: func(l zerolog.Logger, s string) { l.Log().Str("level", s).Msg(message) }},
	{name: "level, not a string", log: func(l zerolog.Logger, s string) { l.Log().Strs("level", []string{s}).Msg(message) }},
	{name: "caller", log: func(l zerolog.Logger, s string) { l.Info().Str("caller", s).Msg(message) }},
	{name: "field of the logger", log: func(l zerolog.Logger, s string) {
		l = l.With().Str("k", s).Logger()
		l.Info().Msg(message)
	}},
}

func TestConsoleQuotesWhatATerminalActsOn(t *testing.T) {
	for _, force := range []string{"", "1"} {
		t.Setenv("CLICOLOR_FORCE", force)
		for _, place := range places {
			for _, bad := range hostile {
				t.Run(place.name+", "+bad.name+", CLICOLOR_FORCE="+force, func(t *testing.T) {
					var out bytes.Buffer
					place.log(logctx.Console(&out), bad.text)
					line, ended := strings.CutSuffix(out.String(), "\n")
					assert.True(t, ended, "the line %q ends with a newline", out.String())
					if force != "" {
						assert.NotContains(t, line, "\x1b[31mred", "line")
						line = escapes.ReplaceAllString(line, "")
					}
					for _, r := range line {
						if !strconv.IsPrint(r) {
							t.Fatalf("Console wrote %q raw, in the line %q", r, line)
						}
					}
				})
			}
		}
	}
}

// The JSON encoder escapes these texts. So no text can begin a line or end a value.
func TestNewQuotes(t *testing.T) {
	for _, place := range places {
		for _, bad := range hostile {
			t.Run(place.name+", "+bad.name, func(t *testing.T) {
				var out bytes.Buffer
				place.log(logctx.New(&out), bad.text)
				assert.Equal(t, 1, strings.Count(out.String(), "\n"), "newlines in %q", out.String())
				testkit.TakeLoosely(t, &out)
			})
		}
	}
}
