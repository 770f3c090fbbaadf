package logctx

import (
	"log"
	"log/slog"
	"reflect"
	"runtime"
	"strings"
)

// slog's own default handler writes through package log's standard logger. [slog.SetDefault] makes
// that logger write through the new default handler, unless that handler is slog's own. So if a
// handler around slog's own becomes the default, the handler and the logger wait for each other:
// the program hangs at its first line, on the standard logger's lock (golang/go#62424). Our
// handler avoids the wait: a line that package log passes back to our handler goes directly to the
// output that package log had before.

// former returns a copy of package log's standard logger as it is now, if h is slog's own default
// handler. If h is a handler of ours around slog's own, former returns the copy that h keeps. For
// any other handler, former returns nil. The copy writes no prefix, since the standard logger has
// put the prefix on the line already. It does not write file and line either, since they would
// point into this package.
func former(h slog.Handler) *log.Logger {
	if ours, ok := h.(*handler); ok {
		return ours.former
	}
	if !isSlogsOwn(h) {
		return nil
	}
	return log.New(log.Writer(), "", log.Flags()&^(log.Lshortfile|log.Llongfile))
}

// isSlogsOwn reports whether h is slog's own default handler, which it recognizes by the name of
// the type. A comparison with slog.Default() at the start of the program is not enough: the
// initialization of another package may already have set another handler.
func isSlogsOwn(h slog.Handler) bool {
	t := reflect.TypeOf(h)
	return t.Kind() == reflect.Pointer && t.Elem().PkgPath() == "log/slog" && t.Elem().Name() == "defaultHandler"
}

// throughLog finds out who has called our handler. The result called reports whether package log's
// standard logger has called our handler. If so, our handler must not write to that logger. The
// result repeated reports whether slog's own default handler has called that logger. If so, the
// line has been here already, and its text is complete.
//
// throughLog searches the stack. It cannot ask package log for its output, since that call would
// wait for the same lock.
func throughLog() (called, repeated bool) {
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
			repeated = true
		case called && strings.HasPrefix(name, "log.") && !strings.HasPrefix(name, "log.("):
			standard = true
		}
	}
	// If no function of package log is on the stack, the caller is a method of the standard logger
	// or of a logger from slog.NewLogLogger. As long as slog's default handler is slog's own, the
	// standard logger does not write to handlers. So the caller must be another logger.
	return called && (standard || !isSlogsOwn(slog.Default().Handler())), repeated
}
