package zapctx

import (
	"log/slog"
	"strings"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// suffix is appended to the key of a user's field if the key is one of ours. logctx uses the same
// suffix.
const suffix = "_attr"

// mayStay reports whether f stays on the line. It does not stay if one of our fields has the same
// key and the same value. If one of ours has the same key but another value, mayStay renames f.
func mayStay(f *zapcore.Field, ours []zapcore.Field) bool {
	for i := range ours {
		if strings.EqualFold(f.Key, ours[i].Key) {
			theirs := *f
			if theirs.Key = ours[i].Key; theirs.Equals(ours[i]) {
				return false
			}
			f.Key += suffix
			return true
		}
	}
	return true
}

// field returns the attribute a as a field of zap.
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

// opens reports whether f opens a namespace for the fields after it.
func opens(f *zapcore.Field) bool {
	if f.Type != zapcore.InlineMarshalerType {
		return f.Type == zapcore.NamespaceType
	}
	to := listener{MapObjectEncoder: zapcore.NewMapObjectEncoder()}
	f.AddTo(&to)
	return to.heard
}

// listener is an encoder that notes whether a namespace is opened. A nested object gets another
// encoder, since the namespaces of that object end with it.
type listener struct {
	*zapcore.MapObjectEncoder
	heard bool
}

func (l *listener) OpenNamespace(string) { l.heard = true }
