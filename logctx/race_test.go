//go:build race

package logctx_test

// raceAllocs is what the race detector may add to a line's allocations: it lets sync.Pool,
// which zerolog and slog take their buffers from, drop some on purpose.
const raceAllocs = 1
