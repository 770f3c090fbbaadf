//go:build race

package zapctx_test

// raceAllocs is the number of allocations that the race detector may add to a line. It makes
// sync.Pool, which zap and we use, drop some on purpose.
const raceAllocs = 4
