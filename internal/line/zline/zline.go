// Package zline writes the records of package line with zerolog. A zerolog hook writes the IDs.
//
// Packages httpclient, httpmw, logctx and workerpool import it. It is separate from package line
// so that package line needs only the standard library.
package zline

import (
	"context"
	"log/slog"

	"example.com/clew/internal/line"
	"example.com/clew/internal/logbind"
	"example.com/clew/internal/seam"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
)

// Send writes p with l at level. The argument hooked says that l certainly has our hook. If so,
// that hook writes the record and the IDs, with its own names. To any other logger, Send adds a
// hook, which writes the record and the IDs if no earlier hook has.
func Send(l *zerolog.Logger, hooked bool, level zerolog.Level, p *line.Pending) {
	p.Written = false
	if hooked {
		e := l.WithLevel(level)
		if e == nil {
			return
		}
		e.Ctx(p).Msg(p.Record.Message())
		if p.Written {
			return
		}
		// The program has replaced the hooked logger by one without our hook. So the line was
		// written without the record.
	}
	if level < l.GetLevel() || level < zerolog.GlobalLevel() { // spares the cost of another hook
		return
	}
	last := l.Hook(otherwise{p})
	if e := last.WithLevel(level); e != nil {
		e.Ctx(p).Msg(p.Record.Message())
	}
}

// otherwise is the hook that Send adds to a logger that may have no hook of ours. It contains the
// Pending, because the user's hooks may have replaced the event's context.
type otherwise struct{ *line.Pending }

func (o otherwise) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	p := o.Pending
	if p.Written {
		return
	}
	Write(e, p, line.Default)
	if e.GetCtx() != context.Context(p) {
		// An earlier hook has replaced the event's context. A hook of ours after that one may have
		// written the IDs, but could not see the record.
		return
	}
	if traceID, spanID := IDs(p); traceID != "" {
		e.Str(line.Default.Key(line.TraceID), traceID).Str(line.Default.Key(line.SpanID), spanID)
	}
}

// IDs returns the IDs of p's span as texts. Both are "" if p has no trace.
func IDs(p *line.Pending) (traceID, spanID string) {
	if p.IDs != "" {
		return seam.Split(p.IDs)
	}
	if b, ok := trace.FromContext(p.Context); ok {
		return b.ID(), b.SpanID.String()
	}
	return "", ""
}

func addIDs(dst []slog.Attr, p *line.Pending) []slog.Attr {
	if traceID, spanID := IDs(p); traceID != "" {
		dst = append(dst, slog.String(line.Default.Key(line.TraceID), traceID), slog.String(line.Default.Key(line.SpanID), spanID))
	}
	return dst
}

// Log writes p with h at level; see [line.Pending.Log].
func Log(h slog.Handler, heard bool, level slog.Level, p *line.Pending) {
	p.Log(h, level, heard, addIDs)
}

// Loggers contains the loggers of a Config. If there are none, as in the zero value, a line goes
// to the zerolog logger of its context. If the context has none, the line goes to the context's
// slog logger, and if it has none either, to the fallback of logctx.Info. In a debug trace, lines
// of all levels from debug on are written.
type Loggers struct {
	zerolog *zerolog.Logger
	hooked  bool
	slog    slog.Handler
}

// NewLoggers returns the Loggers of a Config with z or s. At most one of z and s may be other than
// nil.
func NewLoggers(z *zerolog.Logger, s *slog.Logger) (l Loggers) {
	if z != nil {
		own := *z
		l.zerolog, l.hooked = &own, logbind.HasHook(own)
	}
	if s != nil {
		l.slog, _ = line.Recognized(s.Handler())
	}
	return l
}

// Write writes p. The argument debug says that p is in a debug trace.
func (l *Loggers) Write(p *line.Pending, level slog.Level, debug bool) {
	l.write(p, Level(level), level, debug)
}

// WriteAt is Write for a level of zerolog's.
func (l *Loggers) WriteAt(p *line.Pending, level zerolog.Level, debug bool) {
	if of, ok := SlogLevel(level); ok {
		l.write(p, level, of, debug)
	}
}

// Out writes p with the loggers of its context.
func Out(p *line.Pending, level slog.Level, debug bool) { new(Loggers).Write(p, level, debug) }

func (l *Loggers) write(p *line.Pending, level zerolog.Level, of slog.Level, debug bool) {
	to, hooked, h := l.zerolog, l.hooked, l.slog
	if to == nil && h == nil {
		var stored bool
		if to, hooked, stored = logbind.Of(p.Context); !stored {
			if s, _ := p.Context.Value(seam.SlogKey{}).(*slog.Logger); s != nil {
				h = s.Handler()
			}
		}
	}
	switch {
	case h != nil:
		Log(h, debug, of, p)
	case debug:
		heard := logbind.Heard(*to)
		Send(&heard, hooked, level, p)
	default:
		Send(to, hooked, level, p)
	}
}

// Level returns zerolog's level for a level of slog's.
func Level(l slog.Level) zerolog.Level {
	switch {
	case l >= slog.LevelError:
		return zerolog.ErrorLevel
	case l >= slog.LevelWarn:
		return zerolog.WarnLevel
	case l >= slog.LevelInfo:
		return zerolog.InfoLevel
	case l >= slog.LevelDebug:
		return zerolog.DebugLevel
	}
	return zerolog.TraceLevel
}

// SlogLevel returns slog's level for a level of zerolog's. For zerolog.NoLevel it returns info.
// The result ok is false for zerolog.Disabled, because no line is written at that level.
func SlogLevel(l zerolog.Level) (level slog.Level, ok bool) {
	switch l {
	case zerolog.Disabled:
		return 0, false
	case zerolog.NoLevel:
		return slog.LevelInfo, true
	}
	// slog's levels are 4 apart, as OpenTelemetry's are.
	return (slog.Level(l) - slog.Level(zerolog.InfoLevel)) * 4, true
}
