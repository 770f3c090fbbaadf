package zline

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"reflect"
	"slices"

	"github.com/rs/zerolog"
)

// Attrs writes attributes of slog to e, as slog's JSON handler does. Durations, times, and values
// that have a method for zerolog are written as zerolog writes them.
func Attrs(e *zerolog.Event, attrs []slog.Attr) {
	for _, a := range attrs {
		Attr(e, a)
	}
}

// Attr writes one attribute; see [Attrs].
func Attr(e *zerolog.Event, a slog.Attr) {
	v := a.Value.Resolve()
	if isEmpty(a.Key, v) {
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
		if a.Key == "" { // inline
			Attrs(e, v.Group())
			return
		}
		inner := zerolog.Dict()
		Attrs(inner, v.Group())
		e.Dict(a.Key, inner)
	default:
		other(e, a.Key, v.Any())
	}
}

// isEmpty reports whether slog leaves an attribute out. slog leaves out an attribute with neither
// a key nor a value, and a group with only such attributes.
func isEmpty(key string, v slog.Value) bool {
	if v.Kind() == slog.KindGroup {
		return !slices.ContainsFunc(v.Group(), func(a slog.Attr) bool { return !isEmpty(a.Key, a.Value.Resolve()) })
	}
	return key == "" && v.Kind() == slog.KindAny && v.Any() == nil
}

// other writes a value of a type that slog has no kind for. The methods of such a value are the
// user's code. If one panics, only the field is lost. The line is still written, because the
// request has been served.
func other(e *zerolog.Event, key string, v any) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if v := reflect.ValueOf(v); v.Kind() == reflect.Pointer && v.IsNil() { // slog writes a nil pointer in the same way
			e.Str(key, "<nil>")
			return
		}
		e.Str(key, fmt.Sprint("!PANIC: ", p))
	}()
	switch v := v.(type) {
	case zerolog.LogObjectMarshaler: // Event.Object could leave half of the value on the line
		inner := zerolog.Dict()
		v.MarshalZerologObject(inner)
		e.Dict(key, inner)
	case json.Marshaler:
		e.Interface(key, v)
	case error:
		e.Str(key, v.Error())
	default:
		e.Interface(key, v)
	}
}
