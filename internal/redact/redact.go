// Package redact removes the secret parts of URLs from texts: user, query and fragment. The other
// parts may go into spans and log lines.
//
// Packages httpclient, logctx and zipkin import it. It is a package of its own because a secret
// that one of them removes must not get through another.
package redact

import (
	"net/netip"
	"strings"
)

// Text returns text without the user, the query and the fragment of each URL in it. These parts
// may be secret, and error messages quote URLs. A URL may lack its scheme. It ends at white space,
// a double quote or an angle bracket.
func Text(text string) string {
	text = withoutMalformed(text)
	if bare(text) {
		return text
	}
	if strings.Contains(text, `\/\/`) { // in JSON that escapes slashes, as PHP writes it
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

// bare reports whether text has no character that ends a user or begins a query or a fragment.
func bare(text string) bool {
	return strings.IndexByte(text, '@') < 0 && strings.IndexByte(text, '?') < 0 && strings.IndexByte(text, '#') < 0
}

// withoutMalformed cuts text where net/url quotes a URL that it could not parse. The parts of such
// a URL cannot be told apart: `parse "http://u:p w@h/": invalid character " " in host name`.
func withoutMalformed(text string) string {
	if strings.IndexByte(text, '"') < 0 { // this check is faster than the search for the verb
		return text
	}
	const verb = "parse "
	i := strings.Index(text, verb)
	if i < 0 {
		return text
	}
	quoted := strings.TrimLeft(text[i+len(verb):], `\`) // the text may be quoted twice
	if strings.HasPrefix(quoted, `"`) && (strings.Contains(quoted, "//") || strings.ContainsAny(quoted, "@?")) {
		return text[:i] + "malformed URL"
	}
	return text
}

// Host returns a host, and perhaps a port, without a user before it or a query after it.
func Host(host string) string {
	if bare(host) {
		return host
	}
	return URL(withoutUser(host))
}

// URL returns a URL without user, query and fragment. The URL may lack its scheme or be relative.
// The text may contain several URLs, one inside another or one after another.
func URL(url string) string {
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

// writeBare writes a URL as [URL] returns it. The parameter url begins with the two slashes before
// the host. The time is linear in the length of url, whatever url contains.
func writeBare(out *strings.Builder, url string) {
	for {
		// More than two slashes mean that the host is missing, and that another URL may follow.
		slashes := slashesOf(url)
		out.WriteString(url[:slashes])
		text := url[slashes:]
		scheme := strings.Index(text, "://") // of a URL after this one
		if scheme >= 0 {
			text, url = text[:scheme], text[scheme+len(":"):]
		}
		text = withoutUser(text)
		// Both positions are counted from the end of the text, which does not move. So neither
		// position is searched for twice.
		query, at := len(text)-len(beforeQuery(text)), len(text)-strings.LastIndexByte(text, '@')
		for { // a path may contain another URL, without a scheme
			i := strings.Index(text[:len(text)-query], "//")
			if i < 0 {
				break
			}
			i += slashesOf(text[i:])
			out.WriteString(text[:i])
			text = afterUser(text[i:], len(text)-i-at)
			if len(text) < query { // the password contained a question mark
				query = len(text) - len(beforeQuery(text))
			}
		}
		out.WriteString(text[:len(text)-query])
		if scheme < 0 || query > 0 {
			return
		}
		out.WriteByte(':')
	}
}

// slashesOf returns the number of slashes at the beginning of text.
func slashesOf(text string) int { return len(text) - len(strings.TrimLeft(text, "/")) }

// withoutUser returns text without a user and a password at its beginning. A password may be badly
// escaped. So a text before an @ is taken for a user and a password if it cannot be a host and a
// port.
func withoutUser(text string) string { return afterUser(text, strings.LastIndexByte(text, '@')) }

// afterUser is withoutUser for a text whose last @ is at a known position. A negative position
// means that there is no @.
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
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && strings.Trim(authority[i+1:], "0123456789") != "" && !isIPv6(authority) {
		return text[at+1:]
	}
	return text
}

// isIPv6 reports whether host is an IPv6 address in brackets, without a port.
func isIPv6(host string) bool {
	inner, begins := strings.CutPrefix(host, "[")
	inner, ends := strings.CutSuffix(inner, "]")
	if !begins || !ends {
		return false
	}
	addr, err := netip.ParseAddr(inner)
	return err == nil && addr.Is6()
}

func beforeQuery(url string) string {
	if i := strings.IndexAny(url, "?#"); i >= 0 {
		return url[:i]
	}
	return url
}
