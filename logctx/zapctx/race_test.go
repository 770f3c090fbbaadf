//go:build race

package zapctx_test

// raceAllocs is what the race detector may add to a line's allocations: it lets sync.Pool, which
// zap and we take from, drop some on purpose.
const raceAllocs = 4
