//go:build race

package trace_test

// raceEnabled is true because the race detector allocates too, so that counts of allocations say
// nothing.
const raceEnabled = true
