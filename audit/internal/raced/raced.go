// Package raced makes tests smaller under the race detector, which makes tests ten times slower.
// Smaller tests are enough there: the detector needs each kind of step only once, and the full
// tests also run without the detector. Only tests import it.
package raced

// Or returns the argument small under the race detector, and the argument n without it.
func Or(small, n int) int {
	if Enabled {
		return small
	}
	return n
}
