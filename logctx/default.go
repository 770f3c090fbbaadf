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
// the program hangs at its first line, on the standard logger's lock (golang/go#62424). A line
// that comes back to us goes to the output that package log had before.

// former returns package log's standard logger as it is now, if h is slog's own default handler,
// or one of ours around it; else nil. The result has no prefix, since the standard logger has put
// it on the line already. It has no place of the call either, since that place would be ours.
func former(h slog.Handler) *log.Logger {
	if ours, ok := h.(*handler); ok {
		return ours.former
	}
	if !isSlogsOwn(h) {
		return nil
	}
	return log.New(log.Writer(), "", log.Flags()&^(log.Lshortfile|log.Llongfile))
}

// isSlogsOwn tells slog's own default handler by its name. A comparison with slog.Default from the
// start of the program is not enough: the initialization of another package may have set another
// handler by then.
func isSlogsOwn(h slog.Handler) bool {
	t := reflect.TypeOf(h)
	return t.Kind() == reflect.Pointer && t.Elem().PkgPath() == "log/slog" && t.Elem().Name() == "defaultHandler"
}

// throughLog reports whether package log's standard logger has called us, so that we must not
// write to it. again reports whether slog's own default handler has called that logger. Then the
// line has been here already, and its text is complete.
//
// Only the stack tells. To ask package log for its output would wait for the same lock.
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
	// A method may have been called on another logger, from slog.NewLogLogger. While slog's
	// default handler is slog's own, it was another logger.
	return called && (standard || !isSlogsOwn(slog.Default().Handler())), again
}
