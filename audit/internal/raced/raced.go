// Package raced makes tests smaller under the race detector, which makes them ten times slower.
// The detector needs each kind of step only once, and the same tests run in full without it. Only
// tests import it.
package raced

// Or returns small under the race detector, and n without it.
func Or(small, n int) int {
	if Enabled {
		return small
	}
	return n
}
