//go:build race

package zipkin_test

// raceEnabled is true under the race detector, whose own allocations make counts useless.
const raceEnabled = true
