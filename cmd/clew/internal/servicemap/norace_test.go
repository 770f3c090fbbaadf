//go:build !race

package servicemap_test

const raceEnabled = false
