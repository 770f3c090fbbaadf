package zline

import (
	"log/slog"

	"github.com/rs/zerolog"
)

// Attrs writes attributes of slog's on e, as slog's JSON handler does; durations and times as
// zerolog does.
func Attrs(e *zerolog.Event, attrs []slog.Attr) {
	for _, a := range attrs {
		Attr(e, a)
	}
}

// Attr writes one attribute; see [Attrs].
func Attr(e *zerolog.Event, a slog.Attr) {
	v := a.Value.Resolve()
	if a.Key == "" && v.Kind() == slog.KindGroup { // inline
		Attrs(e, v.Group())
		return
	}
	if a.Equal(slog.Attr{}) { // slog leaves it out
		return
	}
	switch v.Kind() {
	case slog.KindString:
		e.Str(a.Key, v.String())
	case slog.KindInt64:
		e.Int64(a.Key, v.Int64())
	case slog.KindUint64:
		e.Uint64(a.Key, v.Uint64())
	case slog.KindFloat64:
		e.Float64(a.Key, v.Float64())
	case slog.KindBool:
		e.Bool(a.Key, v.Bool())
	case slog.KindDuration:
		e.Dur(a.Key, v.Duration())
	case slog.KindTime:
		e.Time(a.Key, v.Time())
	case slog.KindGroup:
		if group := v.Group(); len(group) > 0 {
			inner := zerolog.Dict()
			Attrs(inner, group)
			e.Dict(a.Key, inner)
		}
	default:
		if err, ok := v.Any().(error); ok {
			e.AnErr(a.Key, err)
			return
		}
		e.Interface(a.Key, v.Any())
	}
}
