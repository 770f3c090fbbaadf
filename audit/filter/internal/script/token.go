package script

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is a token of a JavaScript source.
type token struct {
	kind    kind
	text    string
	at      int  // the index of the first byte
	newLine bool // a line ends between the previous token and this one
}

type kind byte

const (
	word kind = iota // a name or a keyword
	text             // a string
	digits
	mark // an operator or a bracket
	pattern
)

// marks are the operators of several characters, longer ones first.
var marks = strings.Fields(`>>>= ... === !== **= <<= >>= >>> &&= ||= ??= => == != <= >= && || ?? ?. ++ -- += -= *= /= %= &= |= ^= << >> **`)

// tokens splits a source into tokens. The result ok is false if the split is not certain: if the
// source has a template, an escape in a name, or a slash that could be a division or begin a
// regular expression.
func tokens(source string) (list []token, ok bool) {
	if strings.ContainsAny(source, "\u2028\u2029`") || strings.Contains(source, "<!--") || strings.Contains(source, "-->") {
		return nil, false
	}
	newLine := false
	for i := 0; i < len(source); {
		if n, line := space(source[i:]); n > 0 {
			newLine = newLine || line
			i += n
			continue
		}
		t := token{at: i, newLine: newLine}
		t.kind, t.text = next(source[i:], list)
		if t.text == "" {
			return nil, false
		}
		list = append(list, t)
		i += len(t.text)
		newLine = false
	}
	return list, true
}

// space returns the length of the white space, or of the comment, at the start of s. It also
// returns whether a line ends there.
func space(s string) (n int, newLine bool) {
	switch {
	case strings.HasPrefix(s, "//"):
		if n = strings.IndexAny(s, "\r\n"); n < 0 {
			n = len(s)
		}
		return n, false
	case strings.HasPrefix(s, "/*"):
		end := strings.Index(s[2:], "*/")
		if end < 0 {
			return 0, false
		}
		n = end + 4
		return n, strings.ContainsAny(s[:n], "\r\n")
	case s[0] == '\n' || s[0] == '\r':
		return 1, true
	case s[0] == ' ' || s[0] == '\t':
		return 1, false
	}
	return 0, false
}

// next returns the token at the start of s. The argument before contains all tokens before it. The
// token's text is "" if the token is not certain.
func next(s string, before []token) (kind, string) {
	first, _ := utf8.DecodeRuneInString(s)
	switch {
	case first == '"' || first == '\'':
		return text, quoted(s)
	case first == '/':
		return slash(s, before)
	case '0' <= first && first <= '9':
		return digits, s[:len(s)-len(strings.TrimLeftFunc(s, isNumber))]
	case isName(first):
		return word, s[:len(s)-len(strings.TrimLeftFunc(s, isName))]
	}
	for _, m := range marks {
		if strings.HasPrefix(s, m) {
			return mark, m
		}
	}
	if strings.ContainsRune("{}()[];,<>+-*%&|^!~?:=.", first) {
		return mark, s[:1]
	}
	return mark, ""
}

func isName(r rune) bool { return r == '$' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r) }

func isNumber(r rune) bool { return isName(r) || r == '.' }

// quoted returns the string literal at the start of s, or "" if the literal does not end.
func quoted(s string) string {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case s[0]:
			return s[:i+1]
		case '\\':
			i++
		case '\n', '\r':
			return ""
		}
	}
	return ""
}

// slash returns the division or the regular expression at the start of s. The last token before
// the slash decides which of the two it is. If that token does not decide it, the text is "".
func slash(s string, before []token) (kind, string) {
	if len(before) == 0 {
		return pattern, regularExpression(s)
	}
	switch last := before[len(before)-1]; last.kind {
	case digits, text, pattern:
		return mark, "/"
	case word:
		if last.text != "return" {
			return mark, ""
		}
	case mark:
		switch last.text {
		case "]":
			return mark, "/"
		case ")", "}", "++", "--":
			return mark, ""
		}
	}
	return pattern, regularExpression(s)
}

// regularExpression returns the regular expression at the start of s, without its flags, or "" if
// it does not end.
func regularExpression(s string) string {
	class := false
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '[':
			class = true
		case ']':
			class = false
		case '\n', '\r':
			return ""
		case '/':
			if !class {
				return s[:i+1]
			}
		}
	}
	return ""
}
