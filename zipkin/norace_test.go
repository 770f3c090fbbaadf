//go:build !race

package zipkin_test

const raceEnabled = false
