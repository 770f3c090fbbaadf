//go:build race

package zipkin_test

// raceEnabled: the race detector allocates on its own account, so that counts of
// allocations say nothing.
const raceEnabled = true
