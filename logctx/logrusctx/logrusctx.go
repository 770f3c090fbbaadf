// Package logrusctx puts the trace ID on every line of logrus: by a hook.
//
//	logger.AddHook(logrusctx.New(logctx.Config{}))
//
// The ID is explicit where the entry has a context, by logger.WithContext(ctx). Else it is that of
// the goroutine that logs, if that is known: see httpmw's Config.Implicit, and trace.Do. A
// goroutine that is started by a bare go statement has none.
//
// Hooks run on the goroutine that logs, in the order in which they were added. Add this one first:
// hooks that send lines elsewhere then have the ID too. Logrus fires none after one that fails.
//
// A text that is written into a logger's Writer, as by log.SetOutput(logger.Writer()), is logged on a
// goroutine of logrus's own, and has no ID; into that of logger.WithContext(ctx), it has ctx's.
// Give package log a writer that calls logger.Print instead: it stays on its goroutine.
package logrusctx

import (
	"log/slog"
	"reflect"
	"strings"

	"example.com/clew/logctx"
	"github.com/sirupsen/logrus"
)

// other is what logctx appends to the key of somebody else's field that would have a key of ours.
const other = "_attr"

// New returns a hook that writes the fields of cfg on each line of every level. It is safe for
// concurrent use, may be added to any number of loggers, and never fails.
//
// An entry whose Context is nil, or has no trace, has the one of its goroutine. In a debug trace
// too, the level is the logger's.
//
// The keys of cfg stand once on a line. A field of yours with one of these keys, in upper or lower
// case, is renamed: trace_id becomes trace_id_attr. It is left out where it says the same as ours.
// Give a JSONFormatter no DataKey: all fields would stand in it, ours too.
func New(cfg logctx.Config) logrus.Hook { return &hook{cfg} }

type hook struct{ cfg logctx.Config }

func (*hook) Levels() []logrus.Level { return logrus.AllLevels }

// Fire changes the entry's Data, which is this line's alone: logrus has copied it from the
// logger's.
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
				e.Data[key+other] = v
			}
			break
		}
	}
	for _, a := range own {
		e.Data[a.Key] = value(a.Value)
	}
	return nil
}

// value returns v as logrus has it.
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
