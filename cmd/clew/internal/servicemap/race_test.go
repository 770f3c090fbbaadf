//go:build race

package servicemap_test

// raceEnabled: the race detector makes tests ten times slower, and needs each kind of step once.
const raceEnabled = true
