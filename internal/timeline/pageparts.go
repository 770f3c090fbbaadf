package timeline

import (
	"crypto/sha256"
	"encoding/base64"
	"net/url"
	"strings"
)

// These functions return parts of the page. Commands that write other pages than those of traces
// use them, too.

// PageStyle returns the style of all pages: colours, buttons, dialogs.
func PageStyle() string { return pageFile("base.css") }

// PageScript returns the beginning of the script of all pages: functions that make elements from
// text, format durations, and so on. The function commandFor in it needs a constant called data,
// with the page's data.
func PageScript() string { return "\"use strict\";\n" + pageFile("text.js") }

// HashOf returns the hash by which a Content-Security-Policy allows a script or a style.
func HashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// IsWeb reports whether an address is a URL of http or https with a host. Other addresses must not
// become links, because a link to javascript: would run a script.
func IsWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// ZipkinPage returns the address of a trace in Zipkin's user interface.
func ZipkinPage(ui string, id ID) string {
	ui = strings.TrimSuffix(strings.TrimRight(ui, "/"), "/zipkin")
	return ui + "/zipkin/traces/" + id.String()
}
