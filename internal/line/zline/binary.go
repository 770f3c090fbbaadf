//go:build binary_log

package zline

import (
	"example.com/clew/internal/line"
	"github.com/rs/zerolog"
)

// Write writes p to e, with the names of n.
func Write(e *zerolog.Event, p *line.Pending, n *line.Names) {
	p.Written = true
	p.Record.WriteTo(n, &fields{names: n, event: e})
	if len(p.Fields) > 0 {
		Attrs(e, n.Others(p.Fields))
	}
}

// fields is the [line.Sink] for zerolog's other encodings.
type fields struct {
	names *line.Names
	event *zerolog.Event
	group string
	outer *zerolog.Event // the event outside of the open group
}

func (f *fields) Str(key, value string)       { f.event.Str(key, value) }
func (f *fields) Int(key string, value int64) { f.event.Int64(key, value) }
func (f *fields) True(key string)             { f.event.Bool(key, true) }

func (f *fields) Milliseconds(key string, thousandths int64) {
	f.event.Float64(key, float64(thousandths)/1000)
}

func (f *fields) Span(key string, id [8]byte) {
	f.event.Str(key, string(f.names.AppendSpan(nil, id)))
}

func (f *fields) Open(group string) { f.group, f.outer, f.event = group, f.event, zerolog.Dict() }

func (f *fields) Close() { f.event = f.outer.Dict(f.group, f.event) }
