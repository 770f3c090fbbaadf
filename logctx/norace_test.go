//go:build !race

package logctx_test

const raceAllocs = 0
