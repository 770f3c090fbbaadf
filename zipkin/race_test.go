//go:build race

package zipkin_test

// raceEnabled is true if the race detector is on. The race detector allocates too, so that tests
// must not compare numbers of allocations.
const raceEnabled = true
