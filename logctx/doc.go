// Package logctx puts the trace ID on every log line, by a zerolog hook, by loggers that have the
// hook, and by a slog handler.
//
// The ID is that of the line's own context, and it is written whether or not the trace is sampled.
// These three ways of logging with zerolog write the ID, if the logger has the hook:
//
//	logctx.Info(ctx).Msg("…")           // the context's logger
//	logger.Info().Ctx(ctx).Msg("…")     // a logger of your own
//	zerolog.Ctx(ctx).Info().Msg("…")    // code that has never heard of clew
//
// For the third way the logger must be bound to the context, since zerolog gives a hook no other
// way to the context. httpmw binds its Config's Logger, and [From] binds the logger of a context.
//
// The hook writes the ID. Without a logger in the context, [Info] and its like use
// zerolog.DefaultContextLogger, else zerolog's global log.Logger, so that no line is lost. The
// line has the ID if that logger has the hook. Give it the hook in main:
//
//	log.Logger = logctx.New(os.Stderr)
//
// zerolog's WithContext ignores a disabled logger, unless the context already holds a logger.
//
// In a trusted debug trace all lines from debug on are wanted. httpmw lowers the level of the
// context's logger to debug and takes its Sampler off. In the next trace that [trace.Root] begins,
// the logger has both back. A logger of [SlogFrom] ignores the level of the context's slog logger.
// Lines about requests and calls ignore the level of any logger that they go to. zerolog's global
// level and hooks that discard lines still rule. Other loggers, and slog's handlers, keep their
// level and their Sampler.
//
// A line without a context, or with a context that has no trace, has the trace of its goroutine,
// if that is known: see [trace.Do] and httpmw's Config.Implicit.
//
// # slog
//
// Wrap the handler with [Slog], and use InfoContext and its like. [SlogFrom] makes a logger for
// code that takes a logger and knows no context. In main:
//
//	logger := slog.New(logctx.Slog(slog.NewJSONHandler(os.Stderr, nil), logctx.Config{}))
//	slog.SetDefault(logger)
//	handler = httpmw.New(httpmw.Config{Slog: logger})(handler)
//
// Info(ctx) and its like write with zerolog. Where the context has only a slog logger, their lines
// still go to zerolog's global logger, but the lines of requests, calls and jobs go to the slog
// logger.
//
// The lines of a request lie microseconds apart. slog's JSONHandler writes nanoseconds, its
// TextHandler only milliseconds. For microseconds, give the TextHandler
//
//	ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
//		if len(groups) == 0 && a.Key == slog.TimeKey {
//			a.Value = slog.StringValue(a.Value.Time().Format("2006-01-02T15:04:05.000000Z07:00"))
//		}
//		return a
//	}
package logctx
