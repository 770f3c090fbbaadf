//go:build !race

package zapctx_test

const raceAllocs = 0
