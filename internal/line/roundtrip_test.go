//go:build !binary_log

package line_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"log/slog"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/internal/line"
	"example.com/clew/internal/line/zline"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const service = "shop"

// presets are Configs. Together, they give fields all names that a Config can give, apart from a
// user's own keys.
var presets = []struct {
	name    string
	cfg     logctx.Config
	decimal bool // an ID is written as its low 64 bits
	google  bool // a trace ID has 32 digits, and all lines say whether it is sampled
	exact   bool // durations of requests and calls over HTTP are in nanoseconds
	alone   bool // durations of other records are in nanoseconds too
}{
	{name: "ours"},
	{name: "Datadog", cfg: logctx.Datadog(), decimal: true, exact: true, alone: true},
	{name: "Google Cloud", cfg: logctx.GoogleCloud("shop-1"), google: true, exact: true},
	{name: "Google Cloud without a project", cfg: logctx.GoogleCloud(""), google: true, exact: true},
	{name: "ECS", cfg: logctx.ECS(), exact: true, alone: true},
	{name: "Logback", cfg: logctx.Logback()},
	{name: "our names, with decimal IDs", cfg: logctx.Config{Format: logctx.Decimal}, decimal: true},
	{name: "our names, with IDs in Google's form", cfg: logctx.Config{Format: logctx.GoogleTrace, Project: "shop-1"}, google: true},
}

// loggers are all kinds of loggers that write our lines.
var loggers = []struct {
	name string
	log  func(w io.Writer, cfg logctx.Config, p *line.Pending)
}{
	{"zerolog", func(w io.Writer, cfg logctx.Config, p *line.Pending) {
		l := logctx.New(w, cfg)
		zline.Send(&l, true, zerolog.InfoLevel, p)
	}},
	{"Console", func(w io.Writer, cfg logctx.Config, p *line.Pending) {
		l := logctx.Console(w, cfg)
		zline.Send(&l, true, zerolog.InfoLevel, p)
	}},
	{"slog JSON", func(w io.Writer, cfg logctx.Config, p *line.Pending) {
		zline.Log(logctx.Slog(slog.NewJSONHandler(w, nil), cfg), false, slog.LevelInfo, p)
	}},
	{"slog text", func(w io.Writer, cfg logctx.Config, p *line.Pending) {
		zline.Log(logctx.Slog(slog.NewTextHandler(w, nil), cfg), false, slog.LevelInfo, p)
	}},
}

// hostile are values that have broken some parser, or might.
var hostile = []string{
	"", "/a/b", " ", "a b", "a=b", "a=b c=d", `"`, `\`, `"quoted"`, `say "a=b"`, "new\nline", "\r\n", "\x1b[31mred\x1b[0m", "\x00\x7f",
	"\xff\xfe", "a\xffb", "é", "日本語", "\u2028\u2029", "\U0001f600", "\ufffd", "�x", "null", "true", "-1.5e3", "12", "{}", "[]", "[1]", "{1}", "{", "[",
	`{"status":200}`, `{"a":{"b":[1,"x"]}} `, `","status":500,"x":"`, "time=x", "<>&", "'", "\u00a0", "=", "a=", "=a", "%0a", `\u0022`, "�",
	id128, low64, "INF", "request", "x >", "_attr", strings.Repeat("long ", 20_000),
}

// recordsWith returns requests, calls and runs with s in all their texts.
func recordsWith(s string) []line.Record {
	parent := spanOf(parentID)
	return []line.Record{
		&line.Request{Method: s, Path: s, Remote: s},
		&line.Request{Method: "GET", Path: s, Remote: "192.0.2.1:80", Route: s, Status: 404, Bytes: 1 << 40, Duration: 4711 * time.Microsecond,
			ParentID: parent, CallerParentID: spanOf(id64), UntrustedTraceID: id128, Panicked: true, Hijacked: true, ClientGone: true, Sampled: true},
		&line.Call{Method: "GET", Host: s, Path: s, Duration: time.Nanosecond},
		&line.Call{Method: s, Host: s, Path: s, Status: 503, Attempt: 3, Duration: 36 * time.Hour, Body: 37 * time.Hour, Error: s,
			ParentID: parent, Sampled: true},
		&line.Call{Method: s, Host: s, Plain: true, Duration: 12345678901 * time.Microsecond, Error: s, ParentID: parent},
		&line.Call{Method: "get", Host: "redis", Plain: true},
		&line.Run{Job: s, Duration: -time.Second, ScheduledBy: id64, Panicked: true, Sampled: true},
		&line.Run{Job: s},
	}
}

func spanOf(digits string) [8]byte {
	b, err := trace.Parse(id128 + "-" + digits)
	if err != nil {
		panic(err)
	}
	return [8]byte(b.SpanID)
}

func TestRoundTrip(t *testing.T) {
	fields := []slog.Attr{slog.String("tenant", "t"), slog.Int("n", 7)}
	for i := range presets {
		for j := range loggers {
			t.Run(presets[i].name+", "+loggers[j].name, func(t *testing.T) {
				for _, s := range hostile {
					for _, rec := range recordsWith(s) {
						roundTrip(t, i, j, rec, fields, "5759e988bd862e3fe1be46a994272793")
						if len(s) < 100 {
							roundTrip(t, i, j, rec, nil, id64)
						}
					}
				}
			})
		}
	}
}

// roundTrip writes a record with a preset and a logger, and asserts that Parse reads the same
// record.
func roundTrip(t *testing.T, preset, logger int, rec line.Record, fields []slog.Attr, traceID string) {
	t.Helper()
	p := presets[preset]
	cfg := p.cfg
	cfg.Service = service
	state := "0"
	if sampled(rec) {
		state = "1"
	}
	b := testkit.B3(traceID + "-" + spanID + "-" + state)
	if _, ok := rec.(*line.Request); !ok {
		fields = nil // calls and runs have no user's fields
	}
	var out bytes.Buffer
	loggers[logger].log(&out, cfg, &line.Pending{Context: trace.NewContext(context.Background(), b), Record: rec, Fields: fields})
	l, err := line.Parse(out.Bytes())
	text := clip(out.String())
	if !assert.NoError(t, err, "Parse(%s)", text) {
		return
	}
	want := expected(rec, p.decimal, p.exact, p.alone)
	assert.Equal(t, want, l.Record, "record of %s", text)
	assert.Equal(t, rec.Message(), l.Message, "message of %s", text)
	assert.Equal(t, service, l.Service, "service of %s", text)
	assert.Equal(t, "info", strings.ToLower(l.Level), "level of %s", text)
	assert.False(t, l.Time.IsZero(), "the line has no time: %s", text)
	assert.Equal(t, sampled(rec), l.Sampled, "sampled in %s", text)
	switch {
	case p.decimal:
		traceID = traceID[max(len(traceID)-16, 0):]
	case p.google && len(traceID) == 16:
		traceID = strings.Repeat("0", 16) + traceID
	}
	assert.Equal(t, traceID, l.TraceID, "trace ID of %s", text)
	assert.Equal(t, spanID, l.SpanID, "span ID of %s", text)
	for _, f := range fields {
		got, ok := l.Field(f.Key)
		assert.True(t, ok, "the field %s is missing in %s", f.Key, text)
		assert.Equal(t, f.Value.String(), got.Value, "field %s of %s", f.Key, text)
	}
}

func sampled(rec line.Record) bool {
	switch r := rec.(type) {
	case *line.Request:
		return r.Sampled
	case *line.Call:
		return r.Sampled
	}
	return rec.(*line.Run).Sampled
}

// expected returns rec as Parse must read it: with the low half of a decimal ID, most durations in
// microseconds, and U+FFFD for invalid UTF-8.
func expected(rec line.Record, decimal, exact, alone bool) line.Record {
	id := func(s string) string {
		if decimal {
			return s[max(len(s)-16, 0):]
		}
		return s
	}
	took := func(d time.Duration, exact bool) time.Duration {
		if exact {
			return d
		}
		return d.Truncate(time.Microsecond)
	}
	valid := func(s string) string { return string([]rune(s)) }
	switch r := rec.(type) {
	case *line.Request:
		c := *r
		c.Method, c.Path, c.Remote, c.Route = valid(c.Method), valid(c.Path), valid(c.Remote), valid(c.Route)
		c.Duration, c.UntrustedTraceID = took(c.Duration, exact), id(c.UntrustedTraceID)
		return &c
	case *line.Call:
		c := *r
		c.Method, c.Host, c.Path, c.Error = valid(c.Method), valid(c.Host), valid(c.Path), valid(c.Error)
		c.Duration, c.Body = took(c.Duration, exact && (alone || !c.Plain)), took(c.Body, false)
		return &c
	}
	c := *rec.(*line.Run)
	c.Job = valid(c.Job)
	c.Duration, c.ScheduledBy = took(c.Duration, alone), id(c.ScheduledBy)
	return &c
}

// If a user's field has a name that is also ours or a vendor's, Parse still reads the same record.
// A field with a name of ours is renamed. A single field with a vendor's name does not make Parse
// assume that vendor.
func TestRoundTripClash(t *testing.T) {
	rec := &line.Request{Method: "GET", Path: "/a", Remote: "192.0.2.1:80", Route: "/a", Status: 200, Bytes: 5, Duration: time.Millisecond,
		ParentID: spanOf(parentID)}
	for i, p := range presets {
		n := line.NewNames(0, p.cfg.TraceKey, p.cfg.SpanKey, line.Format(p.cfg.Format), "")
		for j, logger := range loggers {
			for _, own := range []*line.Names{line.Default, n} {
				for k := range line.Keys {
					key := own.Key(k)
					for _, key := range []string{key, strings.ToUpper(key)} {
						t.Run(p.name+", "+logger.name+", "+key, func(t *testing.T) {
							roundTrip(t, i, j, rec, []slog.Attr{slog.String("x", "y")}, id128)
							roundTripWith(t, i, j, rec, slog.String(key, "mine"))
							roundTripWith(t, i, j, rec, slog.Group(key, slog.String("a", "mine")))
						})
					}
				}
			}
			for _, key := range []string{"time", "Time", "level", "msg", "message", "severity", "timestamp", "@timestamp", "log.level", "source"} {
				t.Run(p.name+", "+logger.name+", "+key, func(t *testing.T) {
					roundTripWith(t, i, j, rec, slog.String(key, "mine"))
				})
			}
		}
	}
}

func roundTripWith(t *testing.T, preset, logger int, rec *line.Request, field slog.Attr) {
	t.Helper()
	var with bytes.Buffer
	cfg := presets[preset].cfg
	cfg.Service = service
	ctx := trace.NewContext(context.Background(), trace.B3{TraceID: [16]byte{15: 1}, SpanID: spanOf(spanID)})
	loggers[logger].log(&with, cfg, &line.Pending{Context: ctx, Record: rec, Fields: []slog.Attr{field}})
	l, err := line.Parse(with.Bytes())
	require.NoError(t, err, "Parse(%s)", &with)
	assert.Equal(t, rec, l.Record, "record of %s", &with)
	assert.Equal(t, service, l.Service, "service of %s", &with)
	assert.Equal(t, spanID, l.SpanID, "span ID of %s", &with)
	assert.True(t, strings.HasSuffix(l.TraceID, "1"), "trace ID %q of %s", l.TraceID, &with)
	assert.False(t, l.Time.IsZero(), "the line has no time: %s", &with)
	assert.Equal(t, "info", strings.ToLower(l.Level), "level of %s", &with)
	assert.Contains(t, with.String(), "mine")
}

// The time that Parse reads equals the written time, to the last digit.
func TestRoundTripTime(t *testing.T) {
	for _, tt := range []struct {
		logger string
		digits time.Duration
	}{{"zerolog", time.Microsecond}, {"Console", time.Microsecond}, {"slog JSON", time.Nanosecond}, {"slog text", time.Millisecond}} {
		t.Run(tt.logger, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				time.Sleep(12*time.Hour + 34*time.Minute + 56*time.Second + 789012345)
				for _, logger := range loggers {
					if logger.name != tt.logger {
						continue
					}
					var out bytes.Buffer
					ctx, _ := trace.Start(context.Background(), "")
					logger.log(&out, logctx.Config{}, &line.Pending{Context: ctx, Record: &line.Run{}})
					l, err := line.Parse(out.Bytes())
					require.NoError(t, err)
					want := time.Now().Truncate(tt.digits).UTC()
					if tt.logger == "Console" {
						local := time.Now().Truncate(tt.digits).Local()
						want = time.Date(0, 1, 1, local.Hour(), local.Minute(), local.Second(), local.Nanosecond(), time.UTC)
					}
					assert.Equal(t, want, l.Time, "time of %s", &out)
				}
			})
		})
	}
}

// Lines of Console are read with colours and without.
func TestRoundTripConsole(t *testing.T) {
	t.Setenv("CLICOLOR_FORCE", "1")
	for _, noColor := range []string{"", "1"} {
		t.Setenv("NO_COLOR", noColor)
		for i, p := range presets {
			t.Run(p.name+", NO_COLOR="+noColor, func(t *testing.T) {
				for _, rec := range recordsWith("a b") {
					roundTrip(t, i, 1, rec, []slog.Attr{slog.Any("error", os.ErrNotExist)}, id128)
				}
			})
		}
	}
}

// Lines that are not records are read with their message, their IDs and their field.
func TestRoundTripLine(t *testing.T) {
	for _, p := range presets {
		cfg := p.cfg
		cfg.Service = service
		ctx := trace.NewContext(context.Background(), trace.B3{TraceID: [16]byte{15: 1}, SpanID: spanOf(spanID)})
		var out bytes.Buffer
		zero, console := logctx.New(&out, cfg), logctx.Console(&out, cfg)
		json, text := slog.New(logctx.Slog(slog.NewJSONHandler(&out, nil), cfg)), slog.New(logctx.Slog(slog.NewTextHandler(&out, nil), cfg))
		for _, tt := range []struct {
			name string
			log  func(message, value string)
		}{
			{"zerolog", func(message, value string) { zero.Warn().Ctx(ctx).Str("value", value).Msg(message) }},
			{"Console", func(message, value string) { console.Warn().Ctx(ctx).Str("value", value).Msg(message) }},
			{"Console with a caller", func(message, value string) {
				l := console.With().Caller().Logger()
				l.Warn().Ctx(ctx).Str("value", value).Msg(message)
			}},
			{"slog JSON", func(message, value string) { json.WarnContext(ctx, message, "value", value) }},
			{"slog text", func(message, value string) { text.WarnContext(ctx, message, "value", value) }},
		} {
			for _, message := range []string{"sold", "sold a book", "", "request", "call", "job", "new\nline", `it's "quoted"`, "a \xff"} {
				for _, value := range hostile {
					out.Reset()
					tt.log(message, value)
					l, err := line.Parse(out.Bytes())
					require.NoError(t, err, "Parse(%s)", clip(out.String()))
					assert.Nil(t, l.Record, "record of %s", clip(out.String()))
					assert.Equal(t, string([]rune(message)), l.Message, "%s, %s: message of %s", p.name, tt.name, clip(out.String()))
					assert.Equal(t, "warn", strings.ToLower(l.Level), "level")
					assert.Equal(t, service, l.Service, "service of %s", clip(out.String()))
					assert.Equal(t, spanID, l.SpanID, "span ID of %s", clip(out.String()))
					assert.True(t, strings.HasSuffix(l.TraceID, "1"), "trace ID %q of %s", l.TraceID, clip(out.String()))
					f, _ := l.Field("value")
					assert.Equal(t, string([]rune(value)), f.Value, "%s, %s: value of %s", p.name, tt.name, clip(out.String()))
				}
			}
		}
	}
}

// Parse does not know a user's own keys for the IDs. It reads the record of such a line, but no
// IDs.
func TestRoundTripOwnKeys(t *testing.T) {
	rec := &line.Run{Job: "sweep"}
	ctx, _ := trace.Start(context.Background(), "")
	for _, logger := range loggers {
		if logger.name == "Console" {
			continue // Parse would read the ID as a part of the message
		}
		var out bytes.Buffer
		logger.log(&out, logctx.Config{TraceKey: "tid", SpanKey: "sid"}, &line.Pending{Context: ctx, Record: rec})
		l, err := line.Parse(out.Bytes())
		require.NoError(t, err)
		assert.Equal(t, line.Record(rec), l.Record, "record of %s", &out)
		assert.Empty(t, l.TraceID+l.SpanID, "IDs of %s", &out)
		f, ok := l.Field("tid")
		assert.True(t, ok, "the field tid is missing in %s", &out)
		assert.Equal(t, line.Field{Key: "tid", Value: trace.ID(ctx), Text: true}, f)
	}
}

// Parse reads a line that has our names for the record, and a vendor's names for the IDs.
func TestRoundTripMixedKeys(t *testing.T) {
	recs := []line.Record{
		&line.Request{Method: "GET", ParentID: spanOf(parentID), UntrustedTraceID: low},
		&line.Call{Method: "GET", Path: "/", ParentID: spanOf(parentID)},
		&line.Call{Plain: true},
		&line.Run{Duration: time.Second},
		&line.Run{Duration: time.Second, ScheduledBy: low},
	}
	b := testkit.B3(id128 + "-" + spanID)
	ctx := trace.NewContext(context.Background(), b)
	for _, p := range presets {
		for _, logger := range loggers {
			cfg := logctx.Config{TraceKey: p.cfg.TraceKey, SpanKey: p.cfg.SpanKey, Format: p.cfg.Format, Project: p.cfg.Project}
			if logger.name == "Console" && p.cfg.TraceKey != "" {
				continue // without the vendor's other names, Parse does not recognize the ID
			}
			for _, rec := range recs {
				var out bytes.Buffer
				logger.log(&out, cfg, &line.Pending{Context: ctx, Record: rec})
				l, err := line.Parse(out.Bytes())
				require.NoError(t, err)
				assert.Equal(t, rec, l.Record, "record of %s", &out)
				assert.Equal(t, spanID, l.SpanID, "span ID of %s", &out)
				assert.True(t, strings.HasSuffix(l.TraceID, low), "trace ID %q of %s", l.TraceID, &out)
			}
		}
	}
}

func FuzzRoundTrip(f *testing.F) {
	for i, s := range hostile {
		if len(s) < 100 {
			f.Add(uint8(i), uint8(i/3), uint8(i), s, "/"+s, s+"=", int64(i), int64(200+i), int64(4711*i), uint64(i)<<56|1, i%2 == 0)
		}
	}
	f.Fuzz(func(t *testing.T, preset, logger, kind uint8, a, b, c string, d, n, m int64, id uint64, flag bool) {
		// A float64 can hold all microseconds of a century.
		d %= int64(100 * 365 * 24 * time.Hour)
		m %= int64(100 * 365 * 24 * time.Hour)
		var span [8]byte
		binary.BigEndian.PutUint64(span[:], id)
		other := ""
		if id != 0 {
			other = trace.B3{TraceID: [16]byte(append(append([]byte{1}, make([]byte, 7)...), span[:]...))}.ID()
		}
		var rec line.Record
		switch kind % 4 {
		case 0:
			rec = &line.Request{Method: a, Path: b, Remote: c, Route: a, Status: int(n), Bytes: m, Duration: time.Duration(d), ParentID: span,
				CallerParentID: span, UntrustedTraceID: other, Panicked: flag, Hijacked: !flag, ClientGone: flag, Sampled: n%2 == 0}
		case 1:
			rec = &line.Call{Method: a, Host: c, Path: b, Status: int(n), Attempt: int(int32(m)), Duration: time.Duration(d), Body: time.Duration(m),
				Error: c, ParentID: span, Sampled: flag}
		case 2:
			rec = &line.Call{Method: a, Host: c, Plain: true, Attempt: int(int32(m)), Duration: time.Duration(d), Error: b, ParentID: span, Sampled: flag}
		default:
			rec = &line.Run{Job: a, Duration: time.Duration(d), ScheduledBy: other, Panicked: flag, Sampled: !flag}
		}
		fields := []slog.Attr{slog.String("tenant", b), slog.Int64("size", m)}
		if string([]rune(b)) != b {
			fields = fields[1:]
		}
		roundTrip(t, int(preset)%len(presets), int(logger)%len(loggers), rec, fields, id128)
	})
}
