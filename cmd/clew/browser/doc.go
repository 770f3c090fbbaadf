// Package browser opens the pages of clew timeline and clew map in a real browser. It is a test
// and nothing else, a module of its own because of the browser's protocol, and runs with the tag
// browser: see .ci/integration-browser.
package browser
