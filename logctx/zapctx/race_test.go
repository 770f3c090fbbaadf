//go:build race

package zapctx_test

// raceAllocs is the number of allocations that the race detector may add to a line. The race
// detector makes sync.Pool drop some values on purpose, and both zap and zapctx use a sync.Pool.
const raceAllocs = 4
