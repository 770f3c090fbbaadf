//go:build race

package httpclient_test

// raceEnabled is true with the race detector. It allocates too, so a test may only check upper
// bounds of allocations.
const raceEnabled = true
