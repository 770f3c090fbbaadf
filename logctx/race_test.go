//go:build race

package logctx_test

// raceAllocs is the number of allocations that the race detector may add to a line. The race
// detector makes sync.Pool drop some values on purpose, and zerolog and slog get their buffers
// from a sync.Pool.
const raceAllocs = 1
