package audit_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"testing"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/audittest"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type valuer struct{ v slog.Value }

func (v valuer) LogValue() slog.Value { return v.v }

type panics struct{}

func (panics) Error() string { panic("no text") }

type named int

func (n *named) String() string { return fmt.Sprint("name ", int(*n)) }

type marshals struct{ err error }

func (m marshals) MarshalText() ([]byte, error) { return []byte("marshalled"), m.err }

func TestAttributes(t *testing.T) {
	at := time.Date(2026, 11, 27, 4, 10, 0, 1500, time.FixedZone("", 3600))
	n := named(7)
	for _, tt := range []struct {
		name string
		attr slog.Attr
		want map[string]string
	}{
		{"string", slog.String("k", "v"), map[string]string{"k": "v"}},
		{"empty value", slog.String("k", ""), map[string]string{"k": ""}},
		{"int", slog.Int64("k", math.MinInt64), map[string]string{"k": "-9223372036854775808"}},
		{"uint", slog.Uint64("k", math.MaxUint64), map[string]string{"k": "18446744073709551615"}},
		{"float", slog.Float64("k", 0.1), map[string]string{"k": "0.1"}},
		{"NaN", slog.Float64("k", math.NaN()), map[string]string{"k": "NaN"}},
		{"bool", slog.Bool("k", true), map[string]string{"k": "true"}},
		{"duration", slog.Duration("k", 1500*time.Millisecond), map[string]string{"k": "1.5s"}},
		{"time", slog.Time("k", at), map[string]string{"k": "2026-11-27T03:10:00.0000015Z"}},
		{"error", slog.Any("k", errors.New("broken")), map[string]string{"k": "broken"}},
		{"error that panics", slog.Any("k", panics{}), map[string]string{"k": "!PANIC: no text"}},
		{"nil pointer", slog.Any("k", (*named)(nil)), map[string]string{"k": "<nil>"}},
		{"nil", slog.Any("k", nil), map[string]string{"k": "<nil>"}},
		{"Stringer", slog.Any("k", &n), map[string]string{"k": "name 7"}},
		{"TextMarshaler", slog.Any("k", marshals{}), map[string]string{"k": "marshalled"}},
		{"TextMarshaler that fails", slog.Any("k", marshals{errors.New("no")}), map[string]string{"k": "!ERROR: no"}},
		{"bytes", slog.Any("k", []byte("raw")), map[string]string{"k": "raw"}},
		{"struct", slog.Any("k", struct{ A int }{1}), map[string]string{"k": "{A:1}"}},
		{"LogValuer", slog.Any("k", valuer{slog.IntValue(3)}), map[string]string{"k": "3"}},
		{"LogValuer of a group", slog.Any("k", valuer{slog.GroupValue(slog.Int("a", 1))}), map[string]string{"k.a": "1"}},
		{"group", slog.Group("g", "a", "1", slog.Group("h", "b", 2)), map[string]string{"g.a": "1", "g.h.b": "2"}},
		{"group without a key", slog.Group("", "a", "1"), map[string]string{"a": "1"}},
		{"empty group", slog.Group("g"), map[string]string{}},
		{"the zero Attr", slog.Attr{}, map[string]string{}},
		{"empty key", slog.String("", "v"), map[string]string{"!EMPTYKEY": "v"}},
		{"empty key in a group", slog.Group("g", "", "v"), map[string]string{"g.!EMPTYKEY": "v"}},
		{"invalid UTF-8", slog.String("k\xff", "a\xff\xfeb"), map[string]string{"k\uFFFD": "a\uFFFDb"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := audittest.New(t)
			r.Log(t.Context(), "message", tt.attr)
			require.Len(t, r.Events(), 1)
			assert.Equal(t, tt.want, r.Events()[0].Context)
		})
	}
}

func TestLogValuerThatPanics(t *testing.T) {
	r := audittest.New(t)
	r.Log(t.Context(), "message", slog.Any("k", valuerPanics{}))
	assert.Contains(t, r.Events()[0].Context["k"], "LogValue panicked")
}

type valuerPanics struct{}

func (valuerPanics) LogValue() slog.Value { panic("no value") }

func TestDuplicateKeyLastCounts(t *testing.T) {
	r := audittest.New(t)
	r.Log(t.Context(), "message", slog.String("k", "1"), slog.String("k", "2"))
	assert.Equal(t, map[string]string{"k": "2"}, r.Events()[0].Context)
}

// logs is a value whose String method, which Log calls, logs to the same Logger.
type logs struct{ l *audit.Logger }

func (v logs) String() string {
	v.l.Log(context.Background(), "inner")
	return "outer's"
}

func TestLogInsideOfLog(t *testing.T) {
	p := &packer{}
	l := open(t, audit.Config{}, p, audit.Seams{})
	l.Log(t.Context(), "outer", slog.Any("k", logs{l}))
	shut(t, l)
	assert.Equal(t, map[string]int{"inner": 1, "outer": 1}, messages(p.all()))
}

func TestTraceID(t *testing.T) {
	const id64, id128, wide = "463ac35c9f6413ad", "5759e988bd862e3fe1be46a994272793", "0000000000000000e1be46a994272793"
	in := func(id string) context.Context {
		b, err := trace.Parse(id + "-a2fb4a1d1a96d312-1")
		require.NoError(t, err)
		return trace.NewContext(context.Background(), b)
	}
	for _, tt := range []struct {
		name string
		ctx  context.Context
		want string
	}{
		{"16 digits", in(id64), id64},
		{"32 digits", in(id128), id128},
		{"32 digits with a high half of zeros", in(wide), wide},
		{"no trace", context.Background(), ""},
		{"nil context", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := audittest.New(t)
			r.Log(tt.ctx, "message")
			require.Len(t, r.Events(), 1)
			assert.Equal(t, tt.want, r.Events()[0].TraceID)
		})
	}
	t.Run("from the goroutine", func(t *testing.T) {
		r := audittest.New(t)
		trace.Do(in(id64), func(context.Context) { r.Log(context.Background(), "message") })
		assert.Equal(t, id64, r.Events()[0].TraceID)
	})
}

func TestEvent(t *testing.T) {
	r := audittest.New(t)
	before := time.Now().Truncate(time.Microsecond)
	r.Log(t.Context(), "bad \xff text")
	e := r.Events()[0]
	assert.Equal(t, "bad \uFFFD text", e.Message)
	assert.Equal(t, audittest.App, e.App)
	assert.Nil(t, e.TraceNames)
	assert.False(t, e.Time.Before(before), "%s is before %s", e.Time, before)
	assert.Equal(t, time.UTC, e.Time.Location())
}

func TestTooBig(t *testing.T) {
	const limit = 64 << 10
	long := strings.Repeat("x", limit)
	for _, tt := range []struct {
		name    string
		message string
		attr    slog.Attr
	}{
		{"a long message", long + "x", slog.Attr{}},
		{"a long value", "message", slog.String("k", long)},
		{"a long key", "message", slog.String(long, "v")},
		{"a long value in a group", "message", slog.Group("g", "k", long, "l", 1)},
		{"a huge message", strings.Repeat("x", 64<<20), slog.Attr{}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := &packer{}
			l := open(t, audit.Config{Filter: without("unwanted")}, p, audit.Seams{})
			l.Log(t.Context(), tt.message, tt.attr)
			assert.ErrorContains(t, l.LogSync(t.Context(), tt.message, tt.attr), "larger than Config.MaxEvent")
			err := l.Ingest(t.Context(), audit.Event{Message: tt.message, Context: map[string]string{"k": long}})
			assert.ErrorContains(t, err, "larger than Config.MaxEvent")
			shut(t, l)
			assert.Equal(t, audit.Stats{TooBig: 3}, l.Stats())
			assert.Empty(t, p.all())
		})
	}
}

func TestNilLogger(t *testing.T) {
	var l *audit.Logger
	l.Log(t.Context(), "message")
	assert.NoError(t, l.LogSync(t.Context(), "message"))
	assert.NoError(t, l.Ingest(t.Context(), audit.Event{TraceID: "bad"}))
	assert.NoError(t, l.Sync(t.Context()))
	assert.Equal(t, audit.Stats{}, l.Stats())
	assert.NoError(t, l.Close(t.Context()))
}

func TestAfterClose(t *testing.T) {
	p := &packer{}
	l := open(t, audit.Config{}, p, audit.Seams{})
	shut(t, l)
	l.Log(t.Context(), "late")
	assert.ErrorContains(t, l.LogSync(t.Context(), "late"), "closed")
	assert.ErrorContains(t, l.Sync(t.Context()), "closed")
	assert.Equal(t, audit.Stats{Dropped: 2}, l.Stats())
	shut(t, l)
	assert.Empty(t, p.all())
}

func TestIngest(t *testing.T) {
	const id = "5759e988bd862e3fe1be46a994272793"
	at := time.Date(1931, 5, 6, 7, 8, 9, 123456000, time.UTC)
	e := audit.Event{Time: at, TraceID: strings.ToUpper(id), App: "other", Message: "m",
		Context: map[string]string{"a": "1", "b": "2"}, TraceNames: []string{"f", "g"}}
	r := audittest.New(t)
	var none context.Context
	require.NoError(t, r.Ingest(none, e))
	e.TraceID = id
	assert.Equal(t, []audit.Event{e}, r.Events())

	for _, bad := range []audit.Event{
		{TraceID: "abc"}, {TraceID: strings.Repeat("x", 16)}, {TraceID: id + id},
		{Time: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)}, {Time: time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		assert.Error(t, r.Ingest(t.Context(), bad), "Ingest(%+v)", bad)
	}
	require.NoError(t, r.Ingest(t.Context(), audit.Event{App: audittest.App}))
	assert.Len(t, r.Events(), 2)
	assert.Equal(t, audittest.App, r.Events()[1].App)
	assert.WithinRange(t, r.Events()[1].Time, at, time.Now())
}
