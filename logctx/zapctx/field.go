package zapctx

import (
	"log/slog"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// other is the suffix that logctx appends to the key of another's field if the key is one of ours.
const other = "_attr"

// mayStay reports whether f stays on the line. f does not stay if it has the key and the value of
// one of ours. If f has only the key, mayStay renames f.
func mayStay(f *zapcore.Field, ours []zapcore.Field) bool {
	for i := range ours {
		if strings.EqualFold(f.Key, ours[i].Key) {
			theirs := *f
			if theirs.Key = ours[i].Key; theirs.Equals(ours[i]) {
				return false
			}
			f.Key += other
			return true
		}
	}
	return true
}

// field returns a as a field of zap.
func field(a slog.Attr) zapcore.Field {
	switch a.Value.Kind() {
	case slog.KindString:
		return zap.String(a.Key, a.Value.String())
	case slog.KindBool:
		return zap.Bool(a.Key, a.Value.Bool())
	case slog.KindGroup:
		var fields []zapcore.Field
		for _, a := range a.Value.Group() {
			fields = append(fields, field(a))
		}
		return zap.Dict(a.Key, fields...)
	default:
		return zap.Any(a.Key, a.Value.Any())
	}
}

// opens reports whether the fields after f stand in a namespace.
func opens(f *zapcore.Field) bool {
	if f.Type != zapcore.InlineMarshalerType {
		return f.Type == zapcore.NamespaceType
	}
	to := listener{MapObjectEncoder: zapcore.NewMapObjectEncoder()}
	f.AddTo(&to)
	return to.heard
}

// listener is an encoder that notes a namespace. An object inside has an encoder of its own, since
// its namespaces end with the object.
type listener struct {
	*zapcore.MapObjectEncoder
	heard bool
}

func (l *listener) OpenNamespace(string) { l.heard = true }
