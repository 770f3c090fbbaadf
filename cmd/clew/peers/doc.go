// Package peers asks clew doctor about services of several makers. It has only tests, and is a
// module of its own because of the makers' libraries.
package peers
