// Package redact takes out of texts what is secret in URLs: user, query and fragment. The
// rest may go into spans and log lines.
//
// Packages httpclient, logctx and zipkin import it. It is a package of its own because a secret
// that one of them finds must not get through another.
package redact

import (
	"net/netip"
	"strings"
)

// Text returns text in which each URL is without user, query and fragment: that is where secrets
// travel, and error messages quote URLs. A URL begins with a scheme or without one, and ends at
// white space, a double quote or an angle bracket.
func Text(text string) string {
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

// Host returns a host, and perhaps a port, without what does not belong there: a user before
// it, or a query after it.
func Host(host string) string {
	if bare(host) {
		return host
	}
	return URL(withoutUser(host))
}

// URL returns a URL, or what is left of one without its scheme, without user, query and
// fragment. It may be a relative one, or several, one in the other or one after the other.
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

// writeBare writes a URL, from the two slashes before its host on, as [URL] returns it. It takes
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
	if i := strings.LastIndexByte(authority, ':'); i >= 0 && strings.Trim(authority[i+1:], "0123456789") != "" && !isIPv6(authority) {
		return text[at+1:]
	}
	return text
}

// isIPv6 reports whether host is an IPv6 address in brackets, whose colons come before no port.
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
