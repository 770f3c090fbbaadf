// Package logctx puts the trace ID on every log line, by a zerolog hook, by loggers that have the
// hook, and by a slog handler.
//
// The ID is the trace ID of the line's own context. It is written whether or not the trace is
// sampled. These three ways of logging with zerolog write the ID, if the logger has the hook:
//
//	logctx.Info(ctx).Msg("…")           // the context's logger
//	logger.Info().Ctx(ctx).Msg("…")     // a logger of your own
//	zerolog.Ctx(ctx).Info().Msg("…")    // code that has never heard of clew
//
// For the third way, the logger must be bound to the context, since a hook of zerolog sees no
// other context. httpmw binds its Config's Logger, and [From] binds the logger of a context.
//
// If the context has no logger, [Info] and the functions like it use zerolog.DefaultContextLogger,
// or else zerolog's global log.Logger, so that no line is lost. But only a logger with the hook
// writes the ID. So give the global logger the hook in main:
//
//	log.Logger = logctx.New(os.Stderr)
//
// zerolog's WithContext ignores a disabled logger, unless the context already holds a logger.
//
// In a trusted debug trace, all lines at debug level and above should be written. So httpmw lowers
// the level of the context's logger to debug and removes its Sampler. The next trace that
// [trace.Root] begins restores both. In a debug trace, a logger of [SlogFrom] ignores the level of
// the context's slog logger, and the lines of requests and calls ignore the level of the logger
// that writes them. zerolog's global level still applies, and hooks can still discard lines. Other
// loggers, and slog's handlers, keep their level and their Sampler.
//
// If a line has no context, or if its context has no trace, the line gets the trace of its
// goroutine, if that trace is known: see [trace.Do] and httpmw's Config.Implicit.
//
// # slog
//
// Wrap the handler with [Slog], and use InfoContext and its like. [SlogFrom] makes a logger for
// code that accepts a logger, but no context. In main:
//
//	logger := slog.New(logctx.Slog(slog.NewJSONHandler(os.Stderr, nil), logctx.Config{}))
//	slog.SetDefault(logger)
//	handler = httpmw.New(httpmw.Config{Slog: logger})(handler)
//
// Info(ctx) and the functions like it write with zerolog. If the context has only a slog logger,
// the lines of these functions still go to zerolog's global logger. The lines of requests, calls
// and jobs go to the slog logger.
//
// The lines of one request are often only microseconds apart. slog's JSONHandler writes
// nanoseconds, its TextHandler only milliseconds. For microseconds, give the TextHandler
//
//	ReplaceAttr: func(groups []string, a slog.Attr) slog.Attr {
//		if len(groups) == 0 && a.Key == slog.TimeKey {
//			a.Value = slog.StringValue(a.Value.Time().Format("2006-01-02T15:04:05.000000Z07:00"))
//		}
//		return a
//	}
package logctx
