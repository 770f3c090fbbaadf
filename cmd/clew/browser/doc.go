// Package browser opens the pages of clew timeline and clew map in a real browser. It has only
// tests, which run with the tag browser: see .ci/integration-browser. It is a separate module
// because of the libraries for the browser's protocol.
package browser
