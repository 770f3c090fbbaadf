package logctx_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/slogtest"
	"time"

	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// inTrace is a handler that gives all records the same context, since slogtest passes no context.
type inTrace struct {
	slog.Handler
	ctx context.Context
}

func (h inTrace) Handle(_ context.Context, r slog.Record) error { return h.Handler.Handle(h.ctx, r) }
func (h inTrace) WithAttrs(attrs []slog.Attr) slog.Handler {
	return inTrace{h.Handler.WithAttrs(attrs), h.ctx}
}
func (h inTrace) WithGroup(name string) slog.Handler {
	return inTrace{h.Handler.WithGroup(name), h.ctx}
}

func TestSlogIsALawfulHandler(t *testing.T) {
	for _, test := range []struct {
		name string
		ctx  context.Context
	}{
		{name: "without a trace", ctx: context.Background()},
		{name: "in a trace", ctx: testkit.Request()},
	} {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			newHandler := func(*testing.T) slog.Handler {
				out.Reset()
				return inTrace{logctx.Slog(slog.NewJSONHandler(&out, nil), logctx.Config{}), test.ctx}
			}
			slogtest.Run(t, newHandler, func(t *testing.T) map[string]any {
				line := testkit.TakeLine(t, &out)
				assert.Equal(t, test.ctx != context.Background(), line["trace_id"] == id128, "trace_id is in %v", line)
				return line
			})
		})
	}
}

func TestSlogGroups(t *testing.T) {
	ids := func(f fields) fields {
		f["trace_id"], f["span_id"] = id128, spanID
		return f
	}
	tests := []struct {
		name string
		log  func(ctx context.Context, l *slog.Logger)
		want fields
	}{
		{name: "attributes", want: ids(fields{"a": "1", "b": "2"}),
			log: func(ctx context.Context, l *slog.Logger) { l.With("a", "1").InfoContext(ctx, "", "b", "2") }},
		{name: "group", want: ids(fields{"g": fields{"a": "1"}}),
			log: func(ctx context.Context, l *slog.Logger) { l.WithGroup("g").InfoContext(ctx, "", "a", "1") }},
		{name: "groups and attributes", want: ids(fields{"a": "1", "g": fields{"b": "2", "h": fields{"c": "3", "d": "4"}}}),
			log: func(ctx context.Context, l *slog.Logger) {
				l.With("a", "1").WithGroup("g").With("b", "2").WithGroup("h").With("c", "3").InfoContext(ctx, "", "d", "4")
			}},
		{name: "empty group", want: ids(fields{}),
			log: func(ctx context.Context, l *slog.Logger) { l.WithGroup("g").InfoContext(ctx, "") }},
		{name: "group without a name", want: ids(fields{"a": "1"}),
			log: func(ctx context.Context, l *slog.Logger) { l.WithGroup("").InfoContext(ctx, "", "a", "1") }},
		{name: "Background", want: fields{"g": fields{"a": "1"}},
			log: func(_ context.Context, l *slog.Logger) { l.WithGroup("g").Info("", "a", "1") }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			test.log(testkit.Request(), slog.New(logctx.Slog(slog.NewJSONHandler(&out, bare), logctx.Config{})))
			assert.Equal(t, test.want, testkit.TakeLine(t, &out), "line")
		})
	}
}

// Every line equals the line of the bare handler, plus the IDs at the top level. This holds for
// every sequence of With and WithGroup.
func TestSlogAgainstTheBareHandler(t *testing.T) {
	// replace adds the names of the open groups to a key. So the lines differ if the handler gets
	// other groups.
	replace := func(groups []string, a slog.Attr) slog.Attr {
		if len(groups) > 0 {
			a.Key = strings.Join(groups, "/") + "/" + a.Key
		}
		return a
	}
	handlers := []struct {
		name string
		new  func(out *bytes.Buffer) slog.Handler
	}{
		{name: "JSONHandler", new: func(out *bytes.Buffer) slog.Handler { return slog.NewJSONHandler(out, nil) }},
		{name: "JSONHandler with ReplaceAttr", new: func(out *bytes.Buffer) slog.Handler {
			return slog.NewJSONHandler(out, &slog.HandlerOptions{ReplaceAttr: replace, AddSource: true, Level: slog.LevelDebug})
		}},
	}
	for _, h := range handlers {
		t.Run(h.name, func(t *testing.T) {
			for seed := range uint64(200) {
				compareWithBareHandler(t, seed, h.new)
				if t.Failed() {
					return
				}
			}
		})
	}
}

func compareWithBareHandler(t *testing.T, seed uint64, newHandler func(out *bytes.Buffer) slog.Handler) {
	t.Helper()
	type pair struct {
		bare, ours slog.Handler
		done       string // the steps to this logger
	}
	rnd := rand.New(rand.NewPCG(seed, 0))
	var bareOut, ourOut bytes.Buffer
	loggers := []pair{{newHandler(&bareOut), logctx.Slog(newHandler(&ourOut), logctx.Config{}), ""}}
	ctx, now := testkit.Request(), time.Now()
	for range 40 {
		p := loggers[rnd.IntN(len(loggers))]
		switch rnd.IntN(3) {
		case 0:
			attrs := randomAttrs(rnd, 2)
			loggers = append(loggers, pair{p.bare.WithAttrs(attrs), p.ours.WithAttrs(attrs), fmt.Sprintf("%s.With(%v)", p.done, attrs)})
		case 1:
			name := []string{"g", "h", "k0"}[rnd.IntN(3)]
			loggers = append(loggers, pair{p.bare.WithGroup(name), p.ours.WithGroup(name), fmt.Sprintf("%s.WithGroup(%q)", p.done, name)})
		case 2:
			level := []slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelError}[rnd.IntN(3)]
			require.Equal(t, p.bare.Enabled(ctx, level), p.ours.Enabled(ctx, level), "Enabled(%v)", level)
			r := slog.NewRecord(now, level, message, 0)
			r.AddAttrs(randomAttrs(rnd, 2)...)
			require.NoError(t, p.bare.Handle(ctx, r))
			require.NoError(t, p.ours.Handle(ctx, r))
			want, got := testkit.TakeLoosely(t, &bareOut), testkit.TakeLoosely(t, &ourOut)
			require.Equal(t, id128, got["trace_id"], "trace_id, at the top level, after %s", p.done)
			require.Equal(t, spanID, got["span_id"], "span_id, at the top level, after %s", p.done)
			delete(got, "trace_id")
			delete(got, "span_id")
			require.Equal(t, want, got, "seed %d: line without the IDs, after %s", seed, p.done)
		}
	}
}

// valuer is a slog.LogValuer.
type valuer struct{ slog.Value }

func (v valuer) LogValue() slog.Value { return v.Value }

// someAttrs returns at least one attribute: the bare handler cannot write a group that turns out
// to be empty (it forgets a comma).
func someAttrs(rnd *rand.Rand, depth int) []slog.Attr {
	return append([]slog.Attr{slog.Int("first", rnd.IntN(10))}, randomAttrs(rnd, depth)...)
}

func randomAttrs(rnd *rand.Rand, depth int) []slog.Attr {
	attrs := make([]slog.Attr, rnd.IntN(4))
	for i := range attrs {
		key := fmt.Sprintf("k%d", rnd.IntN(6))
		kinds := 7
		if depth == 0 {
			kinds = 4
		}
		switch rnd.IntN(kinds) {
		case 0:
			attrs[i] = slog.Int(key, rnd.IntN(10))
		case 1:
			attrs[i] = slog.String(key, "ü\n\"")
		case 2:
			attrs[i] = slog.Attr{} // which handlers leave out
		case 3:
			attrs[i] = slog.Any(key, valuer{slog.DurationValue(time.Second)})
		case 4:
			attrs[i] = slog.Attr{Key: key, Value: slog.GroupValue(someAttrs(rnd, depth-1)...)}
		case 5:
			attrs[i] = slog.Attr{Value: slog.GroupValue(someAttrs(rnd, depth-1)...)} // inline
		case 6:
			attrs[i] = slog.Any(key, valuer{slog.GroupValue(someAttrs(rnd, depth-1)...)})
		}
	}
	return attrs
}

func TestSlogOverTextHandler(t *testing.T) {
	var out bytes.Buffer
	l := slog.New(logctx.Slog(slog.NewTextHandler(&out, bare), logctx.Config{}))
	l.With("a", 1).WithGroup("g").With("b", 2).InfoContext(testkit.Request(), "", "c", 3)
	assert.ElementsMatch(t, []string{"a=1", "g.b=2", "g.c=3", "trace_id=" + id128, "span_id=" + spanID}, strings.Fields(out.String()), "line of a TextHandler")
}

// A group may turn out to be empty, because ReplaceAttr has removed all of it. After such a group
// slog's own handlers forget a comma, or forget that the group has ended. The IDs are not
// affected.
func TestSlogGroupsThatTurnOutToBeEmpty(t *testing.T) {
	redact := &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
		if a.Key == "password" {
			return slog.Attr{}
		}
		return bare.ReplaceAttr(groups, a)
	}}
	secret := slog.String("password", "123456")
	tests := []struct {
		name string
		log  func(l *slog.Logger)
	}{
		{name: "group in the record", log: func(l *slog.Logger) { l.InfoContext(testkit.Request(), "", slog.Group("g", secret)) }},
		{name: "open group", log: func(l *slog.Logger) { l.WithGroup("g").InfoContext(testkit.Request(), "", secret) }},
		{name: "attribute of an open group", log: func(l *slog.Logger) { l.WithGroup("g").With(secret).InfoContext(testkit.Request(), "") }},
		{name: "open groups", log: func(l *slog.Logger) {
			l.WithGroup("g").With(secret).WithGroup("h").InfoContext(testkit.Request(), "", secret)
		}},
		{name: "group added by With", log: func(l *slog.Logger) { l.With(slog.Group("g", secret)).InfoContext(testkit.Request(), "") }},
		{name: "empty attribute in an open group", log: func(l *slog.Logger) { l.WithGroup("g").InfoContext(testkit.Request(), "", slog.Attr{}) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var out bytes.Buffer
			test.log(slog.New(logctx.Slog(slog.NewJSONHandler(&out, redact), logctx.Config{})))
			assert.JSONEq(t, `{"trace_id":"`+id128+`","span_id":"`+spanID+`"}`, out.String(), "line of a JSONHandler")
			out.Reset()
			test.log(slog.New(logctx.Slog(slog.NewTextHandler(&out, redact), logctx.Config{})))
			assert.Equal(t, "trace_id="+id128+" span_id="+spanID+"\n", out.String(), "line of a TextHandler")
		})
	}
}

func TestSlogOverZerolog(t *testing.T) {
	var out bytes.Buffer
	l := slog.New(logctx.Slog(zerolog.NewSlogHandler(zerolog.New(&out)), logctx.Config{}))
	l.With("a", 1).WithGroup("g").With("b", 2).InfoContext(testkit.Request(), message, "c", 3)
	line := testkit.TakeLine(t, &out)
	delete(line, "time")
	for k, v := range line {
		line[k] = fmt.Sprint(v)
	}
	assert.Equal(t, fields{"level": "info", "message": message, "a": "1", "g.b": "2", "g.c": "3", "trace_id": id128, "span_id": spanID}, line, "line of zerolog's SlogHandler")
}

// A record may be passed to several handlers, and its copies share the memory of their attributes.
// So our handler must not change the record.
func TestSlogDoesNotTouchTheRecord(t *testing.T) {
	for attrs := range 12 {
		t.Run(fmt.Sprintf("%d attributes", attrs), func(t *testing.T) {
			var first, second, plain bytes.Buffer
			r := slog.NewRecord(time.Now(), slog.LevelInfo, message, 0)
			want := fields{}
			for i := range attrs {
				key := fmt.Sprintf("k%d", i)
				r.AddAttrs(slog.Int(key, i))
				want[key] = fmt.Sprint(i)
			}
			other, _ := trace.Root(context.Background(), "other")
			for _, h := range []struct {
				slog.Handler
				ctx context.Context
			}{
				{logctx.Slog(slog.NewJSONHandler(&first, bare), logctx.Config{}), testkit.Request()},
				{logctx.Slog(slog.NewJSONHandler(&second, bare), logctx.Config{}), other},
				{slog.NewJSONHandler(&plain, bare), testkit.Request()},
			} {
				require.NoError(t, h.Handle(h.ctx, r))
				assert.Equal(t, attrs, r.NumAttrs(), "attributes of the record")
			}
			assert.Equal(t, id128, testkit.TakeLine(t, &first)["trace_id"], "trace_id of the first line")
			assert.Equal(t, trace.ID(other), testkit.TakeLine(t, &second)["trace_id"], "trace_id of the second line")
			got := testkit.TakeLine(t, &plain)
			for k, v := range got {
				got[k] = fmt.Sprint(v)
			}
			assert.Equal(t, want, got, "line of a handler that is not ours")
		})
	}
}

// The attributes of one child handler do not overwrite the attributes of its siblings.
func TestSlogSiblings(t *testing.T) {
	var out bytes.Buffer
	// The slice of the parent has room for a fourth attribute, since append doubles the capacity.
	parent := logctx.Slog(slog.NewJSONHandler(&out, bare), logctx.Config{}).WithGroup("g").WithAttrs([]slog.Attr{slog.String("a", "1")}).WithAttrs([]slog.Attr{slog.String("b", "2")}).WithAttrs([]slog.Attr{slog.String("c", "3")})
	children := make([]*slog.Logger, 4)
	for i := range children {
		children[i] = slog.New(parent.WithAttrs([]slog.Attr{slog.Int("child", i)}).WithGroup("h"))
	}
	for i, child := range children {
		child.InfoContext(context.Background(), "", "n", i)
		assert.Equal(t, fmt.Sprint(map[string]any{"g": fields{"a": "1", "b": "2", "c": "3", "child": i, "h": fields{"n": i}}}), fmt.Sprint(testkit.TakeLine(t, &out)), "line of child %d", i)
	}
}

func TestSlogNilHandler(t *testing.T) {
	assert.PanicsWithValue(t, "logctx: Slog: nil slog.Handler", func() { logctx.Slog(nil, logctx.Config{}) }, "Slog(nil, …)")
}

func TestSlogEnabled(t *testing.T) {
	h := logctx.Slog(slog.NewJSONHandler(&bytes.Buffer{}, &slog.HandlerOptions{Level: slog.LevelWarn}), logctx.Config{})
	for _, h := range []slog.Handler{h, h.WithGroup("g"), h.WithAttrs([]slog.Attr{slog.Int("a", 1)})} {
		assert.False(t, h.Enabled(testkit.Request(), slog.LevelInfo), "Enabled(Info) over a handler of level Warn")
		assert.True(t, h.Enabled(testkit.Request(), slog.LevelWarn), "Enabled(Warn) over a handler of level Warn")
	}
}

// keeping is a handler that keeps its records, for the test to read later.
type keeping struct{ records *[]slog.Record }

func (k keeping) Enabled(context.Context, slog.Level) bool { return true }
func (k keeping) WithAttrs([]slog.Attr) slog.Handler       { return k }
func (k keeping) WithGroup(string) slog.Handler            { return k }
func (k keeping) Handle(_ context.Context, r slog.Record) error {
	*k.records = append(*k.records, r)
	return nil
}

// The records of one logger share no memory, since a handler may keep several of them.
func TestSlogRecordsAreApart(t *testing.T) {
	var records []slog.Record
	logger := slog.New(logctx.Slog(keeping{&records}, logctx.Config{})).WithGroup("g")
	for range 3 { // until the slice of attributes has spare capacity
		logger = logger.With("k", "v")
	}
	logger.InfoContext(testkit.Request(), message, "n", 1)
	logger.InfoContext(testkit.Request(), message, "n", 2)
	for i, r := range records {
		var out bytes.Buffer
		assert.NoError(t, slog.NewJSONHandler(&out, nil).Handle(t.Context(), r))
		assert.Contains(t, out.String(), fmt.Sprintf(`"n":%d`, i+1), "record %d", i+1)
	}
	assert.Len(t, records, 2)
}
