// Package zapctx puts the trace ID on every line of zap, which knows no context, by a
// [zapcore.Core] around yours.
//
//	logger := zap.New(zapctx.New(core, logctx.Config{}))
//	logger = logger.WithOptions(zap.WrapCore(func(core zapcore.Core) zapcore.Core {
//		return zapctx.New(core, cfg)
//	}))
//
// A line has the ID of the context that you give it, or its logger:
//
//	logger.Info("…", zapctx.Context(ctx))
//	logger = logger.With(zapctx.Context(ctx))
//
// Without a context, the line has the ID of the goroutine that logs, if that is known: see
// httpmw's Config.Implicit, and trace.Do. A goroutine that is started by a bare go statement has
// no ID.
//
// The IDs are taken when the line is written, on the goroutine that writes it. So a core that
// hands entries to a goroutine of its own must stand inside of ours, where it gets the IDs. If it
// stands outside, lines without a context have no ID, or the ID of the core's goroutine. zap's own
// cores all write at once; a BufferedWriteSyncer keeps bytes, and may stand anywhere.
//
// # The order of cores
//
// Our core asks the one that it wraps, as zap does: a sampler inside samples, and each core of a
// Tee keeps its own level. Samplers, Tees, level filters, hooks and lazy fields may stand outside
// of our core as well. An outer core that calls our Write without our Check skips the samplers and
// the levels inside, as with zap's cores.
//
// Over zapslog, wrap its handler by logctx.Slog instead: slog has a context, which zap's cores do
// not get.
package zapctx
