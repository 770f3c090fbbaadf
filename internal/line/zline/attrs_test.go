package zline_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"testing"
	"time"

	"example.com/clew/internal/line/zline"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

type (
	valuer    struct{ v slog.Value }
	object    struct{ Name string }
	failing   struct{ text string }
	panicking struct{}
	half      struct{}
	marshaled struct{ error }
)

func (v valuer) LogValue() slog.Value              { return v.v }
func (f *failing) Error() string                   { return f.text }
func (panicking) MarshalJSON() ([]byte, error)     { panic("at the disco") }
func (panicking) Error() string                    { panic("at the disco") }
func (marshaled) MarshalJSON() ([]byte, error)     { return []byte(`{"code":7}`), nil }
func (half) MarshalZerologObject(e *zerolog.Event) { e.Str("a", "b"); panic("at the disco") }

type broken struct{}

func (broken) MarshalJSON() ([]byte, error) { return nil, errors.New("broken") }

// Attributes are written as slog's JSON handler writes them.
func TestAttrs(t *testing.T) {
	at := time.Date(2026, 11, 26, 10, 11, 12, 0, time.UTC)
	for _, tt := range []struct {
		name string
		attr slog.Attr
		want string // the field in JSON; "=": as slog writes it; "-": no field; "": any text
	}{
		{"text", slog.String("k", `a "b"`+"\n\xff"), "="},
		{"an empty key", slog.String("", "x"), "="},
		{"a key that needs quoting", slog.String("a\"\n", "x"), "="},
		{"int", slog.Int64("k", math.MinInt64), "="},
		{"uint", slog.Uint64("k", 1<<62), "="},
		{"float", slog.Float64("k", -0.25), "="},
		{"NaN", slog.Float64("k", math.NaN()), `"k":"NaN"`},
		{"bool", slog.Bool("k", true), "="},
		{"duration", slog.Duration("k", 1500*time.Microsecond), `"k":1.5`},
		{"time", slog.Time("k", at), `"k":"2026-11-26T10:11:12Z"`},
		{"group", slog.Group("k", slog.Int("a", 1), slog.Group("b", slog.Bool("c", false))), "="},
		{"an inline group", slog.Group("", slog.Int("a", 1), slog.String("b", "x")), "="},
		{"an empty group", slog.Group("k"), "="},
		{"a group of empty groups", slog.Group("k", slog.Group("a"), slog.Attr{}, slog.Group("", slog.Group("b"))), "-"}, // slog's line lacks a comma
		{"an empty attribute", slog.Attr{}, "="},
		{"nothing under a key", slog.Any("k", nil), "="},
		{"an object", slog.Any("k", object{"x"}), "="},
		{"a list", slog.Any("k", []int{1, 2}), "="},
		{"bytes", slog.Any("k", []byte("ab")), "="},
		{"raw JSON", slog.Any("k", json.RawMessage(`{"a": 1}`)), "="},
		{"a value that turns out to be a text", slog.Any("k", valuer{slog.StringValue("x")}), "="},
		{"a value that turns out to be a group", slog.Any("", valuer{slog.GroupValue(slog.Int("a", 1))}), "="},
		{"a value that turns out to be nothing", slog.Any("", valuer{slog.AnyValue(nil)}), "="},
		{"an error", slog.Any("k", errors.New("a\nb")), "="},
		{"an error that is JSON", slog.Any("k", marshaled{errors.New("x")}), "="},
		{"an error that is nil", slog.Any("k", (*failing)(nil)), "="},
		{"an error that panics", slog.Any("k", struct{ error }{}), ""},
		{"JSON that panics", slog.Any("k", panicking{}), "="},
		{"JSON that fails", slog.Any("k", broken{}), ""},
		{"a channel", slog.Any("k", make(chan int)), ""},
		{"zerolog's object that panics", slog.Any("k", half{}), `"k":"!PANIC: at the disco"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			h := slog.NewJSONHandler(&out, &slog.HandlerOptions{ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
				if len(groups) == 0 && (a.Key == slog.LevelKey || a.Key == slog.MessageKey || a.Key == slog.TimeKey) {
					return slog.Attr{}
				}
				return a
			}})
			slog.New(h).Info("", slog.Int("first", 1), tt.attr, slog.Int("last", 1))
			want := out.String()
			switch tt.want {
			case "=":
			case "-":
				want = `{"first":1,"last":1}`
			case "":
				want = ""
			default:
				want = `{"first":1,` + tt.want + `,"last":1}`
			}
			w := newLines()
			l := zerolog.New(w)
			e := l.Log().Int("first", 1)
			zline.Attrs(e, []slog.Attr{tt.attr, slog.Int("last", 1)})
			e.Send()
			require.Len(t, w.events, 1, "one line must be written, and be readable")
			got, err := json.Marshal(w.events[0])
			require.NoError(t, err)
			if want == "" {
				assert.Contains(t, string(got), `"last":1`)
				assert.Contains(t, string(got), `"k":"`)
				return
			}
			assert.JSONEq(t, want, string(got))
		})
	}
}
