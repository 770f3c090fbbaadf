package zapctx

import (
	"errors"
	"strings"
	"sync"

	"go.uber.org/zap/zapcore"
)

// checked is a core that writes one line, to the cores that the inner core has chosen for it.
type checked struct {
	*traced
	inner  *zapcore.CheckedEntry
	failed failure
}

var pool = sync.Pool{New: func() any { return new(checked) }}

func (k *checked) Write(ent zapcore.Entry, fields []zapcore.Field) error {
	k.inner.Entry = ent // the logger has added the caller and the stack after Check
	k.inner.ErrorOutput = &k.failed
	k.inner.Write(k.traced.fields(fields)...)
	err := k.failed.err
	*k = checked{}
	pool.Put(k)
	return err
}

// failure receives the errors of a CheckedEntry's cores. The CheckedEntry does not return them,
// but writes them as text.
type failure struct{ err error }

func (f *failure) Write(p []byte) (int, error) {
	// The time is cut off, since the logger writes it again.
	_, text, found := strings.Cut(string(p), " write error: ")
	if !found {
		text = string(p)
	}
	f.err = errors.New(strings.TrimSuffix(text, "\n"))
	return len(p), nil
}

func (*failure) Sync() error { return nil }
