package logctx_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keys returns the keys at the top level of a line. A key that the line has twice is in the result
// twice; a map would hide that.
func keys(t *testing.T, line string) (keys []string) {
	t.Helper()
	dec := json.NewDecoder(strings.NewReader(line))
	_, err := dec.Token()
	require.NoError(t, err, "line %q", line)
	for dec.More() {
		key, err := dec.Token()
		require.NoError(t, err, "line %q", line)
		keys = append(keys, key.(string))
		var value json.RawMessage
		require.NoError(t, dec.Decode(&value), "line %q", line)
	}
	return keys
}

// occurrences returns how often a line has a key at its top level, in upper or lower case. The
// case does not count, because encoding/json ignores it when it fills a struct.
func occurrences(t *testing.T, line, key string) (n int) {
	t.Helper()
	for _, k := range keys(t, line) {
		if strings.EqualFold(k, key) {
			n++
		}
	}
	return n
}

// presets are all kinds of Configs, and the keys of each.
var presets = []struct {
	name string
	cfg  logctx.Config
	keys []string
}{
	{"zero Config", logctx.Config{}, []string{"trace_id", "span_id"}},
	{"custom keys", logctx.Config{TraceKey: "tid", SpanKey: "Sid"}, []string{"tid", "Sid"}},
	{"non-ASCII keys", logctx.Config{TraceKey: "ſpur", SpanKey: "größe"}, []string{"ſpur", "größe"}},
	{"Datadog", logctx.Datadog(), []string{"dd.trace_id", "dd.span_id"}},
	{"GoogleCloud", logctx.GoogleCloud("p"), []string{"logging.googleapis.com/trace", "logging.googleapis.com/spanId", "logging.googleapis.com/trace_sampled"}},
	{"ECS", logctx.ECS(), []string{"trace.id", "span.id"}},
	{"Logback", logctx.Logback(), []string{"traceId", "spanId"}},
}

// lazy is a slog.LogValuer that makes its value when LogValue is called.
type lazy func() slog.Value

func (l lazy) LogValue() slog.Value { return l() }

func inline(attrs ...slog.Attr) slog.Attr { return slog.Attr{Value: slog.GroupValue(attrs...)} }

// asked returns an attribute that becomes an inline group when a handler calls its LogValue.
func asked(attrs ...slog.Attr) slog.Attr {
	return slog.Any("", lazy(func() slog.Value { return slog.GroupValue(attrs...) }))
}

// clashes are ways in which a user's attribute gets to the top level of a line. Each also logs an
// attribute k, to show that later attributes are not lost.
var clashes = []struct {
	name string
	log  func(ctx context.Context, l *slog.Logger, mine slog.Attr)
	more fields
}{
	{name: "attribute", log: func(ctx context.Context, l *slog.Logger, mine slog.Attr) {
		l.InfoContext(ctx, message, mine, "k", "v")
	}, more: fields{"k": "v"}},
	{name: "inline group", log: func(ctx context.Context, l *slog.Logger, mine slog.Attr) {
		l.InfoContext(ctx, message, inline(slog.String("i", "1"), mine), "k", "v")
	}, more: fields{"i": "1", "k": "v"}},
	{name: "inline group in an inline group", log: func(ctx context.Context, l *slog.Logger, mine slog.Attr) {
		l.InfoContext(ctx, message, inline(inline(inline(mine, slog.String("i", "1")))), "k", "v")
	}, more: fields{"i": "1", "k": "v"}},
	{name: "LogValuer of an inline group", log: func(ctx context.Context, l *slog.Logger, mine slog.Attr) {
		l.InfoContext(ctx, message, asked(slog.String("i", "1"), mine), "k", "v")
	}, more: fields{"i": "1", "k": "v"}},
	{name: "LogValuer of a LogValuer, in an inline group", log: func(ctx context.Context, l *slog.Logger, mine slog.Attr) {
		again := slog.Any("", lazy(func() slog.Value { return asked(mine).Value }))
		l.InfoContext(ctx, message, inline(again), "k", "v")
	}, more: fields{"k": "v"}},
	{name: "LogValuer", log: func(ctx context.Context, l *slog.Logger, mine slog.Attr) {
		l.InfoContext(ctx, message, slog.Any(mine.Key, lazy(func() slog.Value { return mine.Value })), "k", "v")
	}, more: fields{"k": "v"}},
	{name: "With", log: func(ctx context.Context, l *slog.Logger, mine slog.Attr) {
		l.With(mine, "k", "v").InfoContext(ctx, message)
	}, more: fields{"k": "v"}},
	{name: "With an inline group", log: func(ctx context.Context, l *slog.Logger, mine slog.Attr) {
		l.With("a", "0", inline(slog.String("i", "1"), mine)).With("k", "v").InfoContext(ctx, message)
	}, more: fields{"a": "0", "i": "1", "k": "v"}},
	{name: "With a LogValuer of an inline group", log: func(ctx context.Context, l *slog.Logger, mine slog.Attr) {
		l.With(asked(mine, slog.String("i", "1")), "k", "v").InfoContext(ctx, message)
	}, more: fields{"i": "1", "k": "v"}},
	{name: "With, then a group", log: func(ctx context.Context, l *slog.Logger, mine slog.Attr) {
		l.With(mine).WithGroup("g").With("b", "2").InfoContext(ctx, message, "k", "v")
	}, more: fields{"g": fields{"b": "2", "k": "v"}}},
}

// renamed returns the new key of an attribute that Slog has renamed because its key is one of
// ours.
func renamed(key string) string { return key + "_attr" }

func TestSlogOneID(t *testing.T) {
	handlers := []struct {
		name string
		new  func(out io.Writer) slog.Handler
	}{
		{"JSONHandler", func(out io.Writer) slog.Handler { return slog.NewJSONHandler(out, bare) }},
		{"zerolog's SlogHandler", func(out io.Writer) slog.Handler { return zerolog.NewSlogHandler(zerolog.New(out)) }},
	}
	ctx := testkit.Request()
	for _, preset := range presets {
		for _, h := range handlers {
			for _, key := range preset.keys {
				for _, spelling := range []string{key, strings.ToUpper(key), strings.ToLower(key)} {
					for _, clash := range clashes {
						name := fmt.Sprintf("%s/%s/%s/%s", preset.name, h.name, spelling, clash.name)
						t.Run(name, func(t *testing.T) {
							var out bytes.Buffer
							logger := slog.New(logctx.Slog(h.new(&out), preset.cfg))
							logger.InfoContext(ctx, message)
							ours := testkit.TakeLine(t, &out)

							clash.log(ctx, logger, slog.String(spelling, "mine"))
							text := out.String()
							for _, key := range preset.keys {
								assert.Equal(t, 1, occurrences(t, text, key), "times that %s is in the line %s", key, text)
							}
							line := testkit.TakeLine(t, &out)
							for _, key := range preset.keys {
								assert.Equal(t, ours[key], line[key], "%s of the line %s", key, text)
							}
							assert.Equal(t, "mine", line[renamed(spelling)], "the user's attribute under its new key: line %s", text)
							if h.name == "JSONHandler" { // zerolog's handler writes groups in another form
								for k, v := range clash.more {
									assert.Equal(t, v, line[k], "%s of the line %s", k, text)
								}
							}

							clash.log(context.Background(), logger, slog.String(spelling, "mine"))
							text = out.String()
							assert.Equal(t, "mine", testkit.TakeLine(t, &out)[spelling], "the attribute on a line without a trace: %s", text)
							assert.NotContains(t, text, "_attr", "line without a trace")
						})
					}
				}
			}
		}
	}
}

// oneIDTest is a line on which the user has written keys of ours.
type oneIDTest struct {
	name string
	want fields
	log  func(ctx context.Context, l *slog.Logger)
}

// withIDs adds the IDs of testkit.Request to f, and returns f.
func withIDs(f fields) fields {
	f["trace_id"], f["span_id"] = id128, spanID
	return f
}

func testOneID(t *testing.T, tests []oneIDTest) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			test.log(testkit.Request(), slog.New(logctx.Slog(slog.NewJSONHandler(&out, bare), logctx.Config{})))
			text := out.String()
			assert.Equal(t, test.want, testkit.TakeLine(t, &out), "line %s", text)
		})
	}
}

func TestSlogOneIDAmongOthers(t *testing.T) {
	testOneID(t, []oneIDTest{
		{name: "both IDs", want: withIDs(fields{"trace_id_attr": "mine", "span_id_attr": 7.0}),
			log: func(ctx context.Context, l *slog.Logger) {
				l.InfoContext(ctx, "", "trace_id", "mine", "span_id", 7)
			}},
		{name: "the same IDs", want: withIDs(fields{"k": "v"}),
			log: func(ctx context.Context, l *slog.Logger) {
				l.InfoContext(ctx, "", "trace_id", trace.ID(ctx), "span_id", trace.SpanID(ctx), "k", "v")
			}},
		{name: "the same ID by With", want: withIDs(fields{"k": "v"}),
			log: func(ctx context.Context, l *slog.Logger) {
				l.With("trace_id", trace.ID(ctx)).InfoContext(ctx, "", "k", "v")
			}},
		{name: "a logger with the ID of another trace", want: withIDs(fields{"trace_id_attr": id64}),
			log: func(ctx context.Context, l *slog.Logger) {
				l.With("trace_id", id64).InfoContext(ctx, "")
			}},
		{name: "a null and an array", want: withIDs(fields{"trace_id_attr": nil, "span_id_attr": []any{1.0}}),
			log: func(ctx context.Context, l *slog.Logger) {
				l.InfoContext(ctx, "", "trace_id", nil, "span_id", []int{1})
			}},
		{name: "keys that only resemble ours", want: withIDs(fields{"trace_i": "1", "trace_idx": "2", "traceid": "3", "trace-id": "4", "trace_id ": "5", "": "6"}),
			log: func(ctx context.Context, l *slog.Logger) {
				l.InfoContext(ctx, "", "trace_i", "1", "trace_idx", "2", "traceid", "3", "trace-id", "4", "trace_id ", "5", "", "6")
			}},
		{name: "more attributes than Handle's buffer holds", want: withIDs(fields{"trace_id_attr": "mine",
			"a": "", "b": "", "c": "", "d": "", "e": "", "f": "", "g": "", "h": "", "i": "", "j": "", "k": "", "l": "", "m": ""}),
			log: func(ctx context.Context, l *slog.Logger) {
				l.InfoContext(ctx, "", "a", "", "b", "", "c", "", "d", "", "e", "", "f", "", "g", "", "h", "", "i", "", "j", "", "k", "", "l", "", "m", "", "trace_id", "mine")
			}},
		{name: "one key, by With and on the line", want: withIDs(fields{"trace_id_attr": "second"}),
			log: func(ctx context.Context, l *slog.Logger) {
				l.With("trace_id", "first").InfoContext(ctx, "", "trace_id", "second")
			}},
		{name: "loggers from With do not change their parent", want: withIDs(fields{}),
			log: func(ctx context.Context, l *slog.Logger) {
				l.With("trace_id", "mine")
				l.With("trace_id", "mine", "k", "v").WithGroup("g")
				l.InfoContext(ctx, "")
			}},
		{name: "a key with a long s", want: withIDs(fields{"ſpan_id_attr": "mine"}),
			log: func(ctx context.Context, l *slog.Logger) { l.InfoContext(ctx, "", "ſpan_id", "mine") }},
	})
}

func TestSlogOneIDAmongGroups(t *testing.T) {
	testOneID(t, []oneIDTest{
		{name: "named group", want: withIDs(fields{"g": fields{"trace_id": "mine"}}),
			log: func(ctx context.Context, l *slog.Logger) {
				l.InfoContext(ctx, "", slog.Group("g", "trace_id", "mine"))
			}},
		{name: "WithGroup", want: withIDs(fields{"g": fields{"trace_id": "mine", "span_id": "mine"}}),
			log: func(ctx context.Context, l *slog.Logger) {
				l.WithGroup("g").With("trace_id", "mine").InfoContext(ctx, "", "span_id", "mine")
			}},
		{name: "a group named trace_id", want: withIDs(fields{"trace_id_attr": fields{"k": "v"}}),
			log: func(ctx context.Context, l *slog.Logger) {
				l.InfoContext(ctx, "", slog.Group("trace_id", "k", "v"))
			}},
		{name: "an open group named trace_id", want: withIDs(fields{"trace_id_attr": fields{"trace_id": fields{"k": "v"}}}),
			log: func(ctx context.Context, l *slog.Logger) {
				l.WithGroup("trace_id").WithGroup("trace_id").InfoContext(ctx, "", "k", "v")
			}},
		{name: "an open group named trace_id, without a trace", want: fields{"trace_id": fields{"k": "v"}},
			log: func(_ context.Context, l *slog.Logger) { l.WithGroup("trace_id").Info("", "k", "v") }},
		{name: "empty groups named trace_id and span_id", want: withIDs(fields{}),
			log: func(ctx context.Context, l *slog.Logger) {
				l.WithGroup("trace_id").InfoContext(ctx, "", slog.Group("span_id"))
			}},
	})
}

// The Kelvin sign has three bytes, but its lower case is the letter k. So an attribute k clashes
// with it.
func TestSlogOneIDOfOneLetter(t *testing.T) {
	var out bytes.Buffer
	logger := slog.New(logctx.Slog(slog.NewJSONHandler(&out, bare), logctx.Config{TraceKey: "\u212a", SpanKey: "long"}))
	logger.InfoContext(testkit.Request(), "", "k", "mine")
	assert.Equal(t, fields{"\u212a": id128, "long": spanID, "k_attr": "mine"}, testkit.TakeLine(t, &out), "line")
}

// encoding/json ignores the case of keys when it reads a line into a struct. The struct gets our
// ID.
func TestSlogOneIDInAStruct(t *testing.T) {
	for _, key := range []string{"trace_id", "Trace_ID", "TRACE_ID"} {
		var out bytes.Buffer
		slog.New(logctx.Slog(slog.NewJSONHandler(&out, nil), logctx.Config{})).InfoContext(testkit.Request(), message, key, "mine")
		var line struct {
			TraceID string `json:"trace_id"`
		}
		require.NoError(t, json.Unmarshal(out.Bytes(), &line))
		assert.Equal(t, id128, line.TraceID, "trace_id of %s", out.String())
	}
}

// LogValue is called once for each value, since a second call could return something else.
func TestSlogAsksOnce(t *testing.T) {
	calls := 0
	value := slog.Any("", lazy(func() slog.Value {
		calls++
		return slog.GroupValue(slog.String([]string{"k", "trace_id"}[(calls-1)%2], "mine"))
	}))
	for _, way := range []struct {
		name string
		log  func(l *slog.Logger)
	}{
		{"attribute", func(l *slog.Logger) { l.InfoContext(testkit.Request(), "", value) }},
		{"in an inline group", func(l *slog.Logger) { l.InfoContext(testkit.Request(), "", inline(value)) }},
		{"With", func(l *slog.Logger) { l.With(value).InfoContext(testkit.Request(), "") }},
	} {
		t.Run(way.name, func(t *testing.T) {
			calls = 0
			var out bytes.Buffer
			way.log(slog.New(logctx.Slog(slog.NewJSONHandler(&out, bare), logctx.Config{})))
			assert.Equal(t, 1, calls, "calls of LogValue")
			assert.Equal(t, fields{"trace_id": id128, "span_id": spanID, "k": "mine"}, testkit.TakeLine(t, &out), "line")
		})
	}
}

// Two children of one logger do not share their held attributes.
func TestSlogOneIDOfSiblings(t *testing.T) {
	var out bytes.Buffer
	parent := slog.New(logctx.Slog(slog.NewJSONHandler(&out, bare), logctx.Config{}))
	for range 3 { // until the slice has spare capacity
		parent = parent.With("span_id", "parent's")
	}
	first, second := parent.With("trace_id", "first"), parent.With("trace_id", "second")
	for logger, want := range map[*slog.Logger]string{first: "first", second: "second"} {
		logger.InfoContext(testkit.Request(), "")
		assert.Equal(t, want, testkit.TakeLine(t, &out)["trace_id_attr"], "trace_id of the %s child", want)
	}
}

// Slog's handler does not call WithAttrs of the wrapped handler if there are no attributes to pass
// on.
func TestSlogTellsTheHandlerOnlyOfAttributes(t *testing.T) {
	var told [][]slog.Attr
	logger := slog.New(logctx.Slog(telling{slog.DiscardHandler, &told}, logctx.Config{}))
	logger.With("trace_id", "mine").With("k", "v", "span_id", "mine").WithGroup("g").With("l", "w")
	assert.Equal(t, [][]slog.Attr{{slog.String("k", "v")}}, told, "arguments of WithAttrs")
}

type telling struct {
	slog.Handler
	told *[][]slog.Attr
}

func (h telling) WithAttrs(attrs []slog.Attr) slog.Handler {
	*h.told = append(*h.told, attrs)
	return h
}

// between is a handler that is not ours. It may be around ours, or between two of ours.
type between struct{ slog.Handler }

func (b between) WithAttrs(attrs []slog.Attr) slog.Handler {
	return between{b.Handler.WithAttrs(attrs)}
}
func (b between) WithGroup(name string) slog.Handler { return between{b.Handler.WithGroup(name)} }

// If a program wraps a handler twice, say in main and in a library, its lines still have the IDs
// once.
func TestSlogWrappedTwice(t *testing.T) {
	json := func(out io.Writer) slog.Handler { return slog.NewJSONHandler(out, bare) }
	for _, preset := range presets {
		for _, h := range []struct {
			name string
			new  func(out io.Writer) slog.Handler
		}{
			{"twice", func(out io.Writer) slog.Handler { return logctx.Slog(logctx.Slog(json(out), preset.cfg), preset.cfg) }},
			{"three times", func(out io.Writer) slog.Handler {
				return logctx.Slog(logctx.Slog(logctx.Slog(json(out), preset.cfg), preset.cfg), preset.cfg)
			}},
			{"twice, with another handler between", func(out io.Writer) slog.Handler {
				return logctx.Slog(between{logctx.Slog(json(out), preset.cfg)}, preset.cfg)
			}},
		} {
			t.Run(preset.name+"/"+h.name, func(t *testing.T) {
				var out bytes.Buffer
				slog.New(logctx.Slog(json(&out), preset.cfg)).InfoContext(testkit.Request(), message, "k", "v")
				once := out.String()
				out.Reset()
				slog.New(h.new(&out)).InfoContext(testkit.Request(), message, "k", "v")
				assert.Equal(t, once, out.String(), "line")
				out.Reset()
				slog.New(h.new(&out)).With(preset.keys[0], "mine").WithGroup("g").InfoContext(testkit.Request(), message, "k", "v")
				text := out.String()
				assert.Equal(t, 1, occurrences(t, text, preset.keys[0]), "times that %s is in %s", preset.keys[0], text)
				assert.Equal(t, "mine", testkit.TakeLine(t, &out)[renamed(preset.keys[0])], "the user's attribute under its new key: %s", text)
			})
		}
	}
}

// Slog cannot see an attribute that the handler had before it was wrapped. So the line has both
// fields, and ours is the last.
func TestSlogOneIDOverAHandlerThatHasOne(t *testing.T) {
	var out bytes.Buffer
	inner := slog.NewJSONHandler(&out, bare).WithAttrs([]slog.Attr{slog.String("trace_id", "mine"), slog.String("span_id", "mine")})
	slog.New(logctx.Slog(inner, logctx.Config{})).With("k", "v").InfoContext(testkit.Request(), "", "l", "w")
	assert.Equal(t, fields{"trace_id": id128, "span_id": spanID, "k": "v", "l": "w"}, testkit.TakeLoosely(t, &out), "line")
}

// If no key of a line clashes with ours, the line costs no more allocations than with the plain
// handler. This also holds for keys that begin like ours.
func TestSlogOneIDAllocations(t *testing.T) {
	who := slog.Any("", valuer{slog.GroupValue(slog.String("size", "1"), slog.String("k", "v"))})
	for _, test := range []struct {
		name  string
		attrs []slog.Attr
	}{
		{"keys that begin like ours", []slog.Attr{slog.String("size", "1"), slog.String("trace", "t"), slog.Int("ü", 1)}},
		{"inline group", []slog.Attr{inline(slog.String("size", "1"), slog.String("k", "v"))}},
		{"LogValuer of an inline group", []slog.Attr{who}},
	} {
		t.Run(test.name, func(t *testing.T) {
			plain := slog.New(slog.NewJSONHandler(io.Discard, nil))
			ours := slog.New(logctx.Slog(slog.NewJSONHandler(io.Discard, nil), logctx.Config{}))
			ctx := testkit.Request()
			base := testing.AllocsPerRun(200, func() { plain.LogAttrs(ctx, slog.LevelInfo, message, test.attrs...) })
			got := testing.AllocsPerRun(200, func() { ours.LogAttrs(ctx, slog.LevelInfo, message, test.attrs...) })
			assert.LessOrEqual(t, got, base+raceAllocs, "allocations of a line; a line of the plain handler has %v", base)
		})
	}
}

// object is a zerolog object with one field. A line contains it inline or under a key.
type object struct{ key string }

func (o object) MarshalZerologObject(e *zerolog.Event) { e.Str(o.key, "mine") }

// zerolog cannot remove a field from a line. So the line has the user's field and ours, and ours
// is the last.
func TestZerologOneID(t *testing.T) {
	tests := []struct {
		name string
		log  func(ctx context.Context, l zerolog.Logger, key string)
	}{
		{"Str before Ctx", func(ctx context.Context, l zerolog.Logger, key string) {
			l.Info().Str(key, "mine").Ctx(ctx).Msg(message)
		}},
		{"Str after Ctx", func(ctx context.Context, l zerolog.Logger, key string) {
			l.Info().Ctx(ctx).Str(key, "mine").Msg(message)
		}},
		{"With", func(ctx context.Context, l zerolog.Logger, key string) {
			l = l.With().Str(key, "mine").Logger()
			l.Info().Ctx(ctx).Msg(message)
		}},
		{"With, bound", func(ctx context.Context, l zerolog.Logger, key string) {
			l = l.With().Ctx(ctx).Str(key, "mine").Logger()
			l.Info().Msg(message)
		}},
		{"UpdateContext", func(ctx context.Context, l zerolog.Logger, key string) {
			l.UpdateContext(func(c zerolog.Context) zerolog.Context { return c.Str(key, "mine") })
			l.Info().Ctx(ctx).Msg(message)
		}},
		{"Fields of a map", func(ctx context.Context, l zerolog.Logger, key string) {
			l.Info().Ctx(ctx).Fields(map[string]any{key: "mine"}).Msg(message)
		}},
		{"Fields of a slice", func(ctx context.Context, l zerolog.Logger, key string) {
			l.Info().Ctx(ctx).Fields([]any{key, "mine"}).Msg(message)
		}},
		{"Dict under our key", func(ctx context.Context, l zerolog.Logger, key string) {
			l.Info().Ctx(ctx).Dict(key, zerolog.Dict().Str("k", "v")).Msg(message)
		}},
		{"Dict that contains our key", func(ctx context.Context, l zerolog.Logger, key string) {
			l.Info().Ctx(ctx).Dict("d", zerolog.Dict().Str(key, "mine")).Msg(message)
		}},
		{"Object under our key", func(ctx context.Context, l zerolog.Logger, key string) {
			l.Info().Ctx(ctx).Object(key, object{"k"}).Msg(message)
		}},
		{"EmbedObject", func(ctx context.Context, l zerolog.Logger, key string) {
			l.Info().Ctx(ctx).EmbedObject(object{key}).Msg(message)
		}},
		{"a hook before ours", func(ctx context.Context, l zerolog.Logger, key string) { l.Warn().Ctx(ctx).Msg(message) }},
		{"the context's logger", func(ctx context.Context, l zerolog.Logger, key string) {
			ctx = l.With().Str(key, "mine").Logger().WithContext(ctx)
			logctx.Info(ctx).Str(key, "mine").Msg(message)
		}},
		{"slog over zerolog", func(ctx context.Context, l zerolog.Logger, key string) {
			slog.New(zerolog.NewSlogHandler(l)).With(key, "mine").InfoContext(ctx, message, key, "mine")
		}},
	}
	for _, preset := range presets {
		for _, key := range preset.keys {
			for _, test := range tests {
				t.Run(preset.name+"/"+key+"/"+test.name, func(t *testing.T) {
					var out, console bytes.Buffer
					theirs := zerolog.HookFunc(func(e *zerolog.Event, level zerolog.Level, _ string) {
						if level == zerolog.WarnLevel {
							e.Str(key, "mine")
						}
					})
					pretty := zerolog.ConsoleWriter{Out: &console, NoColor: true}
					logger := zerolog.New(io.MultiWriter(&out, pretty)).Hook(theirs, logctx.Hook(preset.cfg))
					logger.Info().Ctx(testkit.Request()).Msg(message)
					ours := testkit.TakeLine(t, &out)[key]
					console.Reset()

					test.log(testkit.Request(), logger, key)
					text := out.String()
					assert.Equal(t, ours, testkit.TakeLoosely(t, &out)[key], "%s of the line %s", key, text)
					assert.Contains(t, console.String(), fmt.Sprintf(" %s=%v", key, ours), "output of the console")
				})
			}
		}
	}
}

// zerolog runs hooks in the order in which they were added, and no hook can see the fields of
// another. So a hook that is added after ours can write our key again.
func TestZerologAHookAfterOursHasTheLastWord(t *testing.T) {
	var out bytes.Buffer
	logger := testkit.Hooked(&out).Hook(zerolog.HookFunc(func(e *zerolog.Event, _ zerolog.Level, _ string) { e.Str("trace_id", "mine") }))
	logger.Info().Ctx(testkit.Request()).Msg(message)
	assert.Equal(t, "mine", testkit.TakeLoosely(t, &out)["trace_id"], "trace_id, as Hook's doc says")
}

// A line has the new key of renamed attributes only once, even if several attributes have that
// key.
func TestSlogTheOtherStandsOnce(t *testing.T) {
	for name, log := range map[string]func(ctx context.Context, l *slog.Logger){
		"two attributes of one record": func(ctx context.Context, l *slog.Logger) {
			l.InfoContext(ctx, "", "trace_id", "first", "trace_id", "last")
		},
		"With twice": func(ctx context.Context, l *slog.Logger) {
			l.With("trace_id", "first").With("trace_id", "last").InfoContext(ctx, "")
		},
		"an earlier attribute has the new key": func(ctx context.Context, l *slog.Logger) {
			l.InfoContext(ctx, "", "trace_id_attr", "first", "trace_id", "last")
		},
		"a later attribute has the new key": func(ctx context.Context, l *slog.Logger) {
			l.InfoContext(ctx, "", "trace_id", "first", "trace_id_attr", "last")
		},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			log(testkit.Request(), slog.New(logctx.Slog(slog.NewJSONHandler(&out, bare), logctx.Config{})))
			assert.Equal(t, 1, strings.Count(out.String(), `"trace_id_attr"`), "the key in %s", &out)
			assert.Equal(t, "last", testkit.TakeLine(t, &out)["trace_id_attr"], "value of trace_id_attr")
		})
	}
}
