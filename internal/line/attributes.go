package line

import "log/slog"

// attributes is a [Sink] that collects the fields as attributes of slog.
type attributes struct {
	names *Names
	attrs []slog.Attr
	group string
	open  int // the index of the group's first attribute
}

func (a *attributes) add(attr slog.Attr)          { a.attrs = append(a.attrs, attr) }
func (a *attributes) Str(key, value string)       { a.add(slog.String(key, value)) }
func (a *attributes) Int(key string, value int64) { a.add(slog.Int64(key, value)) }
func (a *attributes) True(key string)             { a.add(slog.Bool(key, true)) }
func (a *attributes) Open(group string)           { a.group, a.open = group, len(a.attrs) }
func (a *attributes) Milliseconds(key string, thousandths int64) {
	a.add(slog.Float64(key, float64(thousandths)/1000))
}

func (a *attributes) Span(key string, id [8]byte) {
	var buf [20]byte
	a.Str(key, string(a.names.AppendSpan(buf[:0], id)))
}

func (a *attributes) Close() {
	group := slog.Attr{Key: a.group, Value: slog.GroupValue(append([]slog.Attr(nil), a.attrs[a.open:]...)...)}
	a.attrs = append(a.attrs[:a.open], group)
}
