// Package logrusctx puts the trace ID on every line of logrus, by a hook.
//
//	logger.AddHook(logrusctx.New(logctx.Config{}))
//
// A line has the ID of its entry's context, as logger.WithContext(ctx) sets it. Without a context,
// the line has the ID of the goroutine that logs, if that ID is known: see httpmw's
// Config.Implicit, and trace.Do. A goroutine that is started by a bare go statement has no ID.
//
// Hooks run on the goroutine that logs, in the order in which they were added. Add this hook
// first. Then hooks that send lines elsewhere have the ID too, and no failure of another hook can
// prevent this one: logrus runs no more hooks after one that fails.
//
// A logger's Writer, as in log.SetOutput(logger.Writer()), logs on a goroutine of logrus's own, so
// its lines have no ID. The lines of logger.WithContext(ctx).Writer() have ctx's ID. For package
// log, use a writer of your own that calls logger.Print: its lines are logged on the goroutine
// that called package log.
package logrusctx

import (
	"log/slog"
	"reflect"
	"strings"

	"example.com/clew/logctx"
	"github.com/sirupsen/logrus"
)

// suffix is appended to the key of a user's field if the key is one of ours. logctx uses the same
// suffix.
const suffix = "_attr"

// New returns a hook that writes the fields of cfg on each line of every level. The hook is safe
// for concurrent use, may be added to any number of loggers, and never fails.
//
// If an entry's Context is nil, or has no trace, the line has the trace of its goroutine. The hook
// does not change the logger's level, not even in a debug trace.
//
// A line has each key of cfg once. A field of yours with one of these keys, in upper or lower
// case, is renamed: trace_id becomes trace_id_attr. A field with the same value as ours is left
// out. Do not set the DataKey of a JSONFormatter: it nests all fields, the IDs too.
func New(cfg logctx.Config) logrus.Hook { return &hook{cfg} }

type hook struct{ cfg logctx.Config }

func (*hook) Levels() []logrus.Level { return logrus.AllLevels }

// Fire changes the entry's Data. Data belongs to this line alone: logrus has copied the entry's
// fields into it.
func (h *hook) Fire(e *logrus.Entry) error {
	var buf [4]slog.Attr
	own := h.cfg.AppendFields(e.Context, buf[:0])
	if len(own) == 0 {
		return nil
	}
	if e.Data == nil {
		e.Data = make(logrus.Fields, len(own))
	}
	for key, v := range e.Data {
		for _, a := range own {
			if !strings.EqualFold(key, a.Key) {
				continue
			}
			delete(e.Data, key)
			if !reflect.DeepEqual(v, value(a.Value)) {
				e.Data[key+suffix] = v
			}
			break
		}
	}
	for _, a := range own {
		e.Data[a.Key] = value(a.Value)
	}
	return nil
}

// value returns v as a value of logrus's Fields.
func value(v slog.Value) any {
	if v.Kind() != slog.KindGroup {
		return v.Any()
	}
	group := make(map[string]any)
	for _, a := range v.Group() {
		group[a.Key] = value(a.Value)
	}
	return group
}
