// Package peers has services of several makers, and asks clew doctor about them: a test and
// nothing else, a module of its own because of their libraries.
package peers
