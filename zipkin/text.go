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
// and error messages quote URLs. A URL ends at white space, a double quote or an angle bracket. What net/url could not
// parse is left out, since there is no telling what is what.
func withoutSecrets(text string) string {
	if i := strings.Index(text, `parse "`); i >= 0 {
		text = text[:i] + "malformed URL"
	}
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

// bareURL returns a URL, or what is left of one without its scheme, without user, query and fragment. It may be a relative one.
func bareURL(url string) string {
	if i := strings.IndexAny(url, "?#"); i >= 0 {
		url = url[:i]
	}
	scheme, rest, ok := strings.Cut(url, "//")
	if !ok {
		return url
	}
	authority := strings.IndexByte(rest, '/')
	if authority < 0 {
		authority = len(rest)
	}
	if at := strings.LastIndexByte(rest[:authority], '@'); at >= 0 {
		rest = rest[at+1:]
	}
	return scheme + "//" + rest
}
