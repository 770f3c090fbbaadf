package zline_test

import (
	"log/slog"
	"testing"
	"time"

	"example.com/clew/internal/line"
	"example.com/clew/internal/line/zline"
	"example.com/clew/internal/testkit"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
)

// fields writes a record with zerolog's own methods.
type fields struct {
	names *line.Names
	event *zerolog.Event
	group string
	outer *zerolog.Event
}

func (f *fields) Str(key, value string)       { f.event.Str(key, value) }
func (f *fields) Int(key string, value int64) { f.event.Int64(key, value) }
func (f *fields) True(key string)             { f.event.Bool(key, true) }
func (f *fields) Span(key string, id [8]byte) { f.event.Str(key, string(f.names.AppendSpan(nil, id))) }
func (f *fields) Open(group string)           { f.group, f.outer, f.event = group, f.event, zerolog.Dict() }
func (f *fields) Close()                      { f.event = f.outer.Dict(f.group, f.event) }
func (f *fields) Milliseconds(key string, thousandths int64) {
	f.event.Float64(key, float64(thousandths)/1000)
}

func byMethods(e *zerolog.Event, p *line.Pending, n *line.Names) {
	p.Written = true
	p.Record.WriteTo(n, &fields{names: n, event: e})
	zline.Attrs(e, n.Others(p.Fields))
}

var vendors = []line.Vendor{line.Ours, line.Datadog, line.GoogleCloud, line.ECS, line.Logback}

// Write must write the same content as zerolog's own methods do.
func TestWrite(t *testing.T) {
	for _, v := range vendors {
		for _, format := range []line.Format{line.Hex, line.Decimal, line.GoogleTrace} {
			n := line.NewNames(v, "", "", format, "p")
			for _, s := range []string{"", "a", "a b", `"`, `\`, "\n", "\x00\x7f", "<>&", "é", "\xff", "\u2028", `","x":"`, "{}"} {
				for _, rec := range []line.Record{
					request, call, plain, run, &line.Run{},
					&line.Request{Method: s, Path: s, Remote: s, Route: s, Duration: -1500 * time.Microsecond},
					&line.Call{Method: s, Host: s, Path: s, Error: s, Duration: time.Hour},
					&line.Call{Method: s, Host: s, Plain: true, Error: s},
					&line.Run{Job: s, Duration: 999 * time.Nanosecond},
				} {
					written := func(write func(*zerolog.Event, *line.Pending, *line.Names)) *lines {
						w := newLines()
						l := zerolog.New(w).Hook(hook{n, write})
						l.Info().Str("before", "x").Ctx(&line.Pending{Context: testkit.Request(), Record: rec, Fields: []slog.Attr{slog.String("after", s)}}).Msg(rec.Message())
						return w
					}
					got, want := written(zline.Write), written(byMethods)
					assert.Len(t, got.events, 1)
					assert.Equal(t, want.events, got.events, "line of %+v for vendor %d", rec, v)
				}
			}
		}
	}
}
