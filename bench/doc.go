// Package bench holds clew beside what others make: their pools run its tasks. It is a module of
// its own, so that clew requires none of them.
package bench
