package timeline

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
)

// Parts of the page, for commands that write pages of other things beside traces.

// PageStyle is the style that all pages have: colours, buttons, dialogs.
func PageStyle() string { return pageFile("base.css") }

// PageScript is the script that all pages begin with. It makes elements of text, and writes
// durations. Its commandFor wants the page's data in a constant called data.
func PageScript() string { return "\"use strict\";\n" + pageFile("text.js") }

// HashOf is how a Content-Security-Policy names a script or style.
func HashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// IsWeb tells whether an address is one of the web: a link to javascript: would run it.
func IsWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// ZipkinPage returns the address of a trace in Zipkin's user interface.
func ZipkinPage(ui string, id ID) string {
	ui = strings.TrimSuffix(strings.TrimRight(ui, "/"), "/zipkin")
	return ui + "/zipkin/traces/" + id.String()
}
