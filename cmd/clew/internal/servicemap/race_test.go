//go:build race

package servicemap_test

// raceEnabled makes tests do less. The race detector makes them ten times slower, and needs each
// kind of step only once.
const raceEnabled = true
