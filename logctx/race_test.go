//go:build race

package logctx_test

// raceAllocs is the number of allocations that the race detector may add to a line. It makes
// sync.Pool, which zerolog and slog take their buffers from, drop some on purpose.
const raceAllocs = 1
