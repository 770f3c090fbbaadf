// Package zapctx puts the trace ID on every line of zap, by a [zapcore.Core] around yours. zap
// itself does not use contexts.
//
//	logger := zap.New(zapctx.New(core, logctx.Config{}))
//	logger = logger.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
//		return zapctx.New(core, cfg)
//	}))
//
// A line has the ID of the context that you pass to the line or to its logger:
//
//	logger.Info("…", zapctx.Context(ctx))
//	logger = logger.With(zapctx.Context(ctx))
//
// Without a context, the line has the ID of the goroutine that logs, if that ID is known: see
// httpmw's Config.Implicit, and trace.Do. A goroutine that is started by a bare go statement has
// no ID.
//
// The IDs are read when the line is written, on the goroutine that writes it. So a core that
// passes entries to its own goroutine must be inside of our core, where it gets the IDs as fields.
// If it is outside, lines without a context have no ID, or the ID of that core's goroutine. zap's
// own cores all write on the goroutine that logs. A BufferedWriteSyncer only delays bytes, so it
// may be anywhere.
//
// # The order of cores
//
// Our core calls Check of the core that it wraps, as zap does. So a sampler inside still samples,
// and each core of a Tee keeps its own level. Samplers, Tees, level filters, hooks and lazy fields
// may be outside of our core as well. An outer core that calls our Write without our Check skips
// the samplers and the levels inside, as it would with zap's own cores.
//
// If you log with slog over zapslog, wrap the handler of zapslog by logctx.Slog instead: slog
// passes a context to handlers, but zapslog does not pass it to zap's cores.
package zapctx
