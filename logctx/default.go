package logctx

import (
	"log"
	"log/slog"
	"reflect"
	"runtime"
	"strings"
)

// slog's own default handler writes through package log's standard logger, and [slog.SetDefault]
// makes that logger write through slog's default handler, except where this is slog's own. A
// handler around slog's own, made the default, therefore waits for the standard logger's lock
// while it holds it: the program hangs at its first line (golang/go#62424). A line that comes
// back that way is written where package log wrote before.

// former returns package log's standard logger as it is now, if h is slog's own default handler,
// or one of ours around that; else nil. It has no prefix, which the standard logger has put on
// the line, and not the place of the call, which would be ours.
func former(h slog.Handler) *log.Logger {
	if ours, ok := h.(*handler); ok {
		return ours.former
	}
	if !isSlogsOwn(h) {
		return nil
	}
	return log.New(log.Writer(), "", log.Flags()&^(log.Lshortfile|log.Llongfile))
}

// isSlogsOwn tells slog's own default handler by its name. Not by slog.Default when the program
// starts: the initialization of another package may have set another one by then.
func isSlogsOwn(h slog.Handler) bool {
	t := reflect.TypeOf(h)
	return t.Kind() == reflect.Pointer && t.Elem().PkgPath() == "log/slog" && t.Elem().Name() == "defaultHandler"
}

// throughLog reports whether package log's standard logger has called us, so that it must not be
// written to, and whether slog's own default handler has called that logger: then the line has
// been through here already, and its text is complete.
//
// Only the stack tells. Package log must not be asked for its output: it would wait for the same
// lock.
func throughLog() (called, again bool) {
	var pcs [64]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	standard := false
	for more := true; more; {
		var frame runtime.Frame
		frame, more = frames.Next()
		switch name := frame.Function; {
		case name == "log/slog.(*handlerWriter).Write":
			called = true
		case called && name == "log/slog.(*defaultHandler).Handle":
			again = true
		case called && strings.HasPrefix(name, "log.") && !strings.HasPrefix(name, "log.("):
			standard = true
		}
	}
	// By a method it may be another logger, of slog.NewLogLogger; and is, while slog's default is
	// its own.
	return called && (standard || !isSlogsOwn(slog.Default().Handler())), again
}
