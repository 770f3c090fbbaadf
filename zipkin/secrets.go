package zipkin

import (
	"strings"

	"example.com/clew/internal/redact"
)

// telling says how much of an attribute's value may be told. To tell is to send to the collector.
type telling uint8

const (
	asText telling = iota // the text; URLs in it lose what may be secret
	asHost                // the host, without a user in front of it
	asURL                 // the URL, absolute or relative, without user, query and fragment
	nothing
)

// mayTell returns how much may be told of an attribute with this key. The most common keys are
// listed, so that no time is spent on a search for header names in them.
func mayTell(key string) telling {
	switch key {
	case "http.request.method", "http.response.status_code", "http.route", "url.scheme", "url.path",
		"user_agent.original", "network.protocol.version", "network.peer.port", "server.port",
		"error.type", "db.system.name", "db.namespace", "db.operation.name", "db.query.text",
		"http.method", "http.status_code", "http.scheme", "http.flavor", "http.user_agent",
		"net.peer.port", "net.sock.peer.port", "net.host.port", "net.protocol.version", "host.name":
		return asText
	case "url.query", "url.fragment", "db.connection_string":
		return nothing
	case "url.full", "http.url", "http.target", "url.original":
		return asURL
	case "server.address", "client.address", "source.address", "destination.address", "http.host",
		"network.peer.address", "network.local.address", "net.peer.name", "net.host.name",
		"net.sock.peer.addr", "net.sock.peer.name", "peer.address", "peer.hostname":
		return asHost
	}
	if strings.HasPrefix(key, "url.query.") || strings.IndexByte(key, '/') >= 0 && redact.Text(key) != key {
		return nothing
	}
	name, is := header(key)
	switch {
	case !is:
		return asText
	case secret(name):
		return nothing
	case name == "host", strings.HasSuffix(name, "authority"):
		return asHost
	}
	for _, part := range [...]string{"uri", "url", "path", "referer", "location"} {
		if strings.Contains(name, part) {
			return asURL
		}
	}
	return asText
}

// told returns the part of text that may be told.
func (may telling) told(text string) string {
	switch may {
	case asURL:
		return redact.URL(text)
	case asHost:
		return redact.Host(text)
	}
	return redact.Text(text)
}

// header reports whether an attribute with this key holds a header, an item of gRPC's metadata or
// a parameter of a database statement. If so, it returns the name of the header, item or parameter
// in lower case. Instrumentations record these values only if they are configured to do so. Then
// they may record all of them.
func header(key string) (name string, is bool) {
	for i := 1; i < len(key); i++ {
		if key[i] == '.' && nameless(key[:i]) {
			return strings.ReplaceAll(strings.ToLower(key[i+1:]), "_", "-"), true
		}
	}
	return "", false
}

// nameless reports whether path ends with a word such as header, after which the name of a header
// should follow. If no name follows, the attribute's value may contain any header, or all headers.
func nameless(path string) bool {
	path = strings.TrimSuffix(path, "s")
	switch path[max(len(path)-1, 0):] {
	case "r":
		return ends(path, "header") || ends(path, "trailer") || ends(path, "parameter")
	case "a":
		return ends(path, "metadata")
	case "R", "A", "S":
		return nameless(strings.ToLower(path))
	}
	return false
}

// allHeaders reports whether a text with this key may contain all headers.
func allHeaders(key string) bool {
	return (strings.HasPrefix(key, "http.") || strings.HasPrefix(key, "rpc.")) && nameless(key)
}

// ends reports whether text ends with word. In text, the word may begin with a capital letter.
func ends(text, word string) bool {
	return strings.HasSuffix(text, word[1:]) && len(text) >= len(word) && text[len(text)-len(word)]|' ' == word[0]
}

// secret reports whether a header with this name is a credential.
func secret(name string) bool {
	for _, part := range [...]string{"cookie", "auth", "token", "secret", "key", "session", "passw", "credential", "signature",
		"jwt", "csrf", "xsrf", "oidc", "saml", "cert", "principal", "dpop", "assertion", "nonce"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return strings.HasSuffix(name, "-sid") || name == "sid"
}

// credential reports whether the key of a map names a header that is a credential. The map may be
// in any attribute, so only names without another meaning count.
func credential(key string) bool {
	switch strings.ReplaceAll(strings.ToLower(key), "_", "-") {
	case "authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key":
		return true
	}
	return false
}
