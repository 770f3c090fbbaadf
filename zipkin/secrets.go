package zipkin

import "strings"

// telling is how much of an attribute may be told.
type telling uint8

const (
	asText  telling = iota // but for what is secret in URLs
	asHost                 // no user before it
	asURL                  // no user, query or fragment, also if it is a relative one
	nothing                // not at all
)

// mayTell returns what may be told of an attribute with this key. The commonest are named, so that
// there is no need to look for headers in them.
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
	if strings.HasPrefix(key, "url.query.") || strings.IndexByte(key, '/') >= 0 && withoutSecrets(key) != key {
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

// told returns what may be told of text.
func (may telling) told(text string) string {
	switch may {
	case asURL:
		return bareURL(text)
	case asHost:
		return bareHost(text)
	}
	return withoutSecrets(text)
}

// header returns the name, in lower case, of the header that an attribute holds; or of the piece
// of gRPC's metadata, or of what was put into a statement. Instrumentations record them only when
// they are told to, and then perhaps all.
func header(key string) (name string, is bool) {
	for i := 1; i < len(key); i++ {
		if key[i] == '.' && nameless(key[:i]) {
			return strings.ReplaceAll(strings.ToLower(key[i+1:]), "_", "-"), true
		}
	}
	return "", false
}

// nameless reports whether path ends where the name of a header follows. If none does, the text
// may be any of them, or all.
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

// allHeaders reports whether a text with this key is of headers, without their names.
func allHeaders(key string) bool {
	return (strings.HasPrefix(key, "http.") || strings.HasPrefix(key, "rpc.")) && nameless(key)
}

// ends reports whether text ends with word, which may begin with a capital letter.
func ends(text, word string) bool {
	return strings.HasSuffix(text, word[1:]) && len(text) >= len(word) && text[len(text)-len(word)]|' ' == word[0]
}

// secret reports whether a header is one by which somebody proves who they are.
func secret(name string) bool {
	for _, part := range [...]string{"cookie", "auth", "token", "secret", "key", "session", "passw", "credential", "signature", "jwt", "csrf", "xsrf",
		"oidc", "saml", "cert", "principal", "dpop", "assertion", "nonce"} {
		if strings.Contains(name, part) {
			return true
		}
	}
	return strings.HasSuffix(name, "-sid") || name == "sid"
}

// credential reports whether the key of a map, of whatever attribute, is that of a header by which
// somebody proves who they are, and of nothing else.
func credential(key string) bool {
	switch strings.ReplaceAll(strings.ToLower(key), "_", "-") {
	case "authorization", "proxy-authorization", "cookie", "set-cookie", "x-api-key":
		return true
	}
	return false
}

// withoutSecrets returns text in which each URL is without user, query and fragment: that is where
// secrets travel, and error messages quote URLs. A URL begins with a scheme or without one, and
// ends at white space, a double quote or an angle bracket.
func withoutSecrets(text string) string {
	text = withoutMalformed(text)
	if bare(text) {
		return text
	}
	if strings.Contains(text, `\/\/`) { // in JSON that escapes slashes, as PHP's does
		text = strings.ReplaceAll(text, `\/`, "/")
	}
	if !strings.Contains(text, "//") {
		return text
	}
	var out strings.Builder
	out.Grow(len(text))
	for {
		i := strings.Index(text, "//")
		if i < 0 {
			out.WriteString(text)
			return out.String()
		}
		out.WriteString(text[:i])
		text = text[i:]
		end := strings.IndexAny(text, " \t\r\n\"<>")
		if end < 0 {
			end = len(text)
		}
		writeBare(&out, text[:end])
		text = text[end:]
	}
}

// bare reports whether there is nothing in text that ends a user or begins a query or a fragment.
func bare(text string) bool {
	return strings.IndexByte(text, '@') < 0 && strings.IndexByte(text, '?') < 0 && strings.IndexByte(text, '#') < 0
}

// withoutMalformed cuts text where net/url says that it could not parse something that may be a
// URL, since there is no telling what is what in it: `parse "http://u:p w@h/": invalid character "
// " in host name`.
func withoutMalformed(text string) string {
	if strings.IndexByte(text, '"') < 0 { // sooner known than the verb
		return text
	}
	const verb = "parse "
	i := strings.Index(text, verb)
	if i < 0 {
		return text
	}
	quoted := strings.TrimLeft(text[i+len(verb):], `\`) // one that was quoted again
	if strings.HasPrefix(quoted, `"`) && (strings.Contains(quoted, "//") || strings.ContainsAny(quoted, "@?")) {
		return text[:i] + "malformed URL"
	}
	return text
}

// bareHost returns a host, and perhaps a port, without what does not belong there: a user before
// it, or a query after it.
func bareHost(host string) string {
	if bare(host) {
		return host
	}
	return bareURL(withoutUser(host))
}

// bareURL returns a URL, or what is left of one without its scheme, without user, query and
// fragment. It may be a relative one, or several, one in the other or one after the other.
func bareURL(url string) string {
	if bare(url) {
		return url
	}
	i := strings.Index(url, "//")
	if i < 0 || strings.ContainsAny(url[:i], "?#") {
		return beforeQuery(url)
	}
	var out strings.Builder
	out.WriteString(url[:i])
	writeBare(&out, url[i:])
	return out.String()
}

// writeBare writes a URL, from the two slashes before its host on, as bareURL returns it. It takes
// no longer than the text is.
func writeBare(out *strings.Builder, url string) {
	for {
		slashes := slashesOf(url) // two, or more: then the host is missing, and the rest may be one
		out.WriteString(url[:slashes])
		rest := url[slashes:]
		scheme := strings.Index(rest, "://") // of another one
		if scheme >= 0 {
			rest, url = rest[:scheme], rest[scheme+len(":"):]
		}
		rest = withoutUser(rest)
		// From the end, which stays where it is: none is looked for twice.
		query, at := len(rest)-len(beforeQuery(rest)), len(rest)-strings.LastIndexByte(rest, '@')
		for { // a path may have another one in it, without a scheme
			i := strings.Index(rest[:len(rest)-query], "//")
			if i < 0 {
				break
			}
			i += slashesOf(rest[i:])
			out.WriteString(rest[:i])
			rest = afterUser(rest[i:], len(rest)-i-at)
			if len(rest) < query { // its password had a question mark in it
				query = len(rest) - len(beforeQuery(rest))
			}
		}
		out.WriteString(rest[:len(rest)-query])
		if scheme < 0 || query > 0 {
			return
		}
		out.WriteByte(':')
	}
}

// slashesOf is how many slashes text begins with.
func slashesOf(text string) int { return len(text) - len(strings.TrimLeft(text, "/")) }

// withoutUser returns what follows a user and password at the beginning of text. A password may be
// badly escaped: what cannot be a host and a port, and has an @ after it, is one.
func withoutUser(text string) string { return afterUser(text, strings.LastIndexByte(text, '@')) }

// afterUser is withoutUser of a text whose last @ is known; a negative one is none.
func afterUser(text string, at int) string {
	if at < 0 {
		return text
	}
	end := strings.IndexAny(text, "/?#")
	if end < 0 || at < end {
		return text[at+1:]
	}
	authority := text[:end]
	if i := strings.LastIndexByte(authority, '@'); i >= 0 {
		return text[i+1:]
	}
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && strings.Trim(authority[i+1:], "0123456789") != "" {
		return text[at+1:]
	}
	return text
}

func beforeQuery(url string) string {
	if i := strings.IndexAny(url, "?#"); i >= 0 {
		return url[:i]
	}
	return url
}
