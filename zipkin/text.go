package zipkin

import (
	"strings"
	"unicode/utf8"

	"example.com/clew/internal/clip"
)

// appendText appends s as a JSON string (RFC 8259, 7): cut after clip.Max bytes, control characters escaped, and what is not UTF-8
// replaced by U+FFFD.
func appendText(dst []byte, s string) []byte {
	s = clip.Text(s)
	dst = append(dst, '"')
	plain := 0 // where what is not yet written begins
	for i := 0; i < len(s); {
		c := s[i]
		if c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' {
			i++
			continue
		}
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

// withoutSecrets returns text in which each URL is without user, query and fragment: that is where secrets travel,
// and error messages quote URLs.
func withoutSecrets(text string) string {
	if !strings.Contains(text, "://") {
		return text
	}
	var out strings.Builder
	for {
		i := strings.Index(text, "://")
		if i < 0 {
			out.WriteString(text)
			return out.String()
		}
		i += len("://")
		out.WriteString(text[:i])
		text = text[i:]
		end := strings.IndexAny(text, " \t\r\n\"'`<>\\")
		if end < 0 {
			end = len(text)
		}
		url := text[:end]
		authority := strings.IndexAny(url, "/?#")
		if authority < 0 {
			authority = len(url)
		}
		if at := strings.LastIndexByte(url[:authority], '@'); at >= 0 {
			url = url[at+1:]
		}
		out.WriteString(withoutQuery(url))
		text = text[end:]
	}
}

// withoutQuery cuts a URL, or the end of one, before its query and fragment.
func withoutQuery(url string) string {
	if i := strings.IndexAny(url, "?#"); i >= 0 {
		return url[:i]
	}
	return url
}
