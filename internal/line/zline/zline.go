// Package zline writes the records of package line with zerolog, in which a hook writes the IDs.
//
// Packages httpclient, httpmw, logctx and workerpool import it. It is a package of its own because
// package line needs the standard library only.
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

// Send writes p with l at level. Hooked says that l is known to have our hook, which then writes
// the record together with the IDs, under its own names. A logger of which that is not known gets
// a hook that does it if no other has.
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
		// Somebody has put another logger where the hooked one was. The line is there, but says
		// nothing.
	}
	if level < l.GetLevel() || level < zerolog.GlobalLevel() { // without the price of another hook
		return
	}
	last := l.Hook(otherwise{p})
	if e := last.WithLevel(level); e != nil {
		e.Ctx(p).Msg(p.Record.Message())
	}
}

// otherwise is the hook for a logger that has none of ours: it comes last. It does not ask the
// event's context, which the user's hooks may have replaced.
type otherwise struct{ *line.Pending }

func (o otherwise) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	p := o.Pending
	if p.Written {
		return
	}
	Write(e, p, line.Default)
	if e.GetCtx() != context.Context(p) {
		// A hook has given the event another context. One of ours behind it may have written the
		// IDs, but did not see the record.
		return
	}
	if traceID, spanID := IDs(p); traceID != "" {
		e.Str(line.Default.Key(line.TraceID), traceID).Str(line.Default.Key(line.SpanID), spanID)
	}
}

// IDs returns the text of the IDs of p's span; "" without a trace.
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

// Loggers are where a Config has lines written. The zero value names none: then they go to the
// loggers of their context, the zerolog one, else the slog one, else where logctx.Info falls back
// to. In a debug trace all levels from debug on are wanted.
type Loggers struct {
	zerolog *zerolog.Logger
	hooked  bool
	slog    slog.Handler
}

// NewLoggers returns the Loggers of a Config that has z or s; at most one of them is not nil.
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

// Write writes p, which is in a debug trace or not.
func (l *Loggers) Write(p *line.Pending, level slog.Level, debug bool) {
	l.write(p, Level(level), level, debug)
}

// WriteAt is Write at a level of zerolog's.
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

// Level is the level of zerolog's for one of slog's.
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

// SlogLevel is the level of slog's for one of zerolog's. One that is none is info. Ok is false for
// zerolog.Disabled, at which no line is written.
func SlogLevel(l zerolog.Level) (level slog.Level, ok bool) {
	switch l {
	case zerolog.Disabled:
		return 0, false
	case zerolog.NoLevel:
		return slog.LevelInfo, true
	}
	return (slog.Level(l) - slog.Level(zerolog.InfoLevel)) * 4, true // slog's steps are of 4, for OpenTelemetry's sake
}
