package timeline

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
)

// Parts of the page, for commands that write pages of other things beside traces.

// PageStyle returns the style of all pages: colours, buttons, dialogs.
func PageStyle() string { return pageFile("base.css") }

// PageScript returns the beginning of the script of all pages. It makes elements from text, and
// writes durations. Its commandFor needs the page's data in a constant called data.
func PageScript() string { return "\"use strict\";\n" + pageFile("text.js") }

// HashOf returns the name of a script or a style in a Content-Security-Policy.
func HashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// IsWeb tells whether an address is one of the web. A link to javascript: would run as a script.
func IsWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// ZipkinPage returns the address of a trace in Zipkin's user interface.
func ZipkinPage(ui string, id ID) string {
	ui = strings.TrimSuffix(strings.TrimRight(ui, "/"), "/zipkin")
	return ui + "/zipkin/traces/" + id.String()
}
