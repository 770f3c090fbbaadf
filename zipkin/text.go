package zipkin

import (
	"strings"
	"unicode/utf8"

	"example.com/clew/internal/clip"
)

// asIs are the bytes that stand in a JSON string as they are, whatever is around them. A table, because each byte of a
// span is looked up.
var asIs = func() (t [256]bool) {
	for c := ' '; c < utf8.RuneSelf; c++ {
		t[c] = c != '"' && c != '\\'
	}
	return t
}()

// appendText appends s as a JSON string (RFC 8259, 7): cut after clip.Max bytes, control characters escaped, and what is not UTF-8
// replaced by U+FFFD.
func appendText(dst []byte, s string) []byte {
	s = clip.Text(s)
	dst = append(dst, '"')
	plain := 0 // where what is not yet written begins
	for i := 0; i < len(s); {
		if asIs[s[i]] {
			i++
			continue
		}
		c := s[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(s[i:])
			if r != utf8.RuneError || size != 1 {
				i += size
				continue
			}
		}
		dst = append(dst, s[plain:i]...)
		switch {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c == '\n':
			dst = append(dst, `\n`...)
		case c == '\t':
			dst = append(dst, `\t`...)
		case c < ' ':
			const digits = "0123456789abcdef"
			dst = append(dst, '\\', 'u', '0', '0', digits[c>>4], digits[c&0xf])
		default:
			dst = append(dst, "\ufffd"...)
		}
		i++
		plain = i
	}
	return append(append(dst, s[plain:]...), '"')
}

// appendLower is appendText of s in lower case.
func appendLower(dst []byte, s string) []byte {
	s = clip.Text(s)
	begin := len(dst)
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return appendText(dst, strings.ToLower(s))
		}
	}
	dst = appendText(dst, s)
	for i, c := range dst[begin:] { // escapes are in lower case already
		if c >= 'A' && c <= 'Z' {
			dst[begin+i] = c + 'a' - 'A'
		}
	}
	return dst
}

// withoutSecrets returns text in which each URL is without user, query and fragment: that is where secrets travel,
// and error messages quote URLs. A URL ends at white space, a double quote or an angle bracket.
func withoutSecrets(text string) string {
	text = withoutMalformed(text)
	if !strings.Contains(text, "://") || !strings.ContainsAny(text, "@?#") { // nothing to be cut
		return text
	}
	var out strings.Builder
	out.Grow(len(text))
	for {
		i := strings.Index(text, "://")
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
		out.WriteString(bareURL(text[:end]))
		text = text[end:]
	}
}

// withoutMalformed cuts text where net/url says that it could not parse something that may be a URL, since there is no
// telling what is what in it: `parse "http://u:p w@h/": invalid character " " in host name`.
func withoutMalformed(text string) string {
	const verb = "parse "
	i := strings.Index(text, verb)
	if i < 0 {
		return text
	}
	quoted := strings.TrimLeft(text[i+len(verb):], `\`) // one that was quoted again
	if strings.HasPrefix(quoted, `"`) && (strings.Contains(quoted, "://") || strings.ContainsAny(quoted, "@?")) {
		return text[:i] + "malformed URL"
	}
	return text
}

// bareURL returns a URL, or what is left of one without its scheme, without user, query and fragment. It may be a relative one, or
// several, one in the other or one after the other.
func bareURL(url string) string {
	if !strings.ContainsAny(url, "@?#") {
		return url
	}
	out, rest, ok := strings.Cut(url, "//")
	if !ok || strings.ContainsAny(out, "?#") {
		return beforeQuery(url)
	}
	for {
		var next string
		rest, next, ok = strings.Cut(rest, "://")
		rest = withoutUser(rest)
		bare := beforeQuery(rest)
		if out += "//" + bare; !ok || bare != rest {
			return out
		}
		out, rest = out+":", next
	}
}

// withoutUser returns what follows a user and password at the beginning of text. A password may be badly escaped: what cannot be a
// host and a port, and has an @ after it, is one.
func withoutUser(text string) string {
	at := strings.LastIndexByte(text, '@')
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
