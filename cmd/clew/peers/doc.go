// Package peers tests clew doctor with services that use the libraries of several projects. It has
// only tests, and is a separate module because of these libraries.
package peers
