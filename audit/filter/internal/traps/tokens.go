package traps

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// kind is the kind of a token.
type kind uint8

const (
	punct kind = iota
	word
	number
	text // a text in quotes, or a part of a template
	regex
)

// token is a token of JavaScript.
type token struct {
	kind kind
	text string
	line int // the first line is 1
}

func (t token) closes() bool {
	return t.kind == punct && len(t.text) == 1 && strings.Contains(")]}", t.text)
}

// operators are words after which an operand begins.
var operators = []string{"return", "typeof", "case", "in", "of", "delete", "void", "throw", "new", "instanceof", "else", "do", "yield", "await", "default"}

// lexer splits a script into tokens.
type lexer struct {
	rest      string
	line      int
	tokens    []token
	templates []int // the number of open braces in each open template
}

// tokens returns the tokens of a script, without comments. It also reads a text that is not
// JavaScript to its end.
func tokens(script string) []token {
	l := &lexer{rest: script, line: 1}
	for l.rest != "" {
		l.next()
	}
	return l.tokens
}

// take appends the next n bytes as a token.
func (l *lexer) take(k kind, n int) {
	l.tokens = append(l.tokens, token{k, l.rest[:n], l.line})
	l.skip(n)
}

func (l *lexer) skip(n int) {
	l.line += strings.Count(l.rest[:n], "\n")
	l.rest = l.rest[n:]
}

func (l *lexer) next() {
	r, size := utf8.DecodeRuneInString(l.rest)
	switch {
	case unicode.IsSpace(r) || r == '\uFEFF':
		l.skip(size)
	case strings.HasPrefix(l.rest, "//"):
		l.skip(until(l.rest, "\n"))
	case strings.HasPrefix(l.rest, "/*"):
		l.skip(until(l.rest[2:], "*/") + 2)
	case isWord(r):
		l.take(word, wordLength(l.rest))
	case '0' <= r && r <= '9':
		l.take(number, wordLength(l.rest))
	case r == '"' || r == '\'':
		l.take(text, quoted(l.rest))
	case r == '`':
		l.template(1)
	case r == '/' && l.isOperand():
		l.take(regex, expression(l.rest))
	default:
		l.punct(size)
	}
}

// punct appends an operator or a bracket as a token.
func (l *lexer) punct(size int) {
	for _, long := range []string{"=>", "?.", "??", "++", "--", "..."} {
		if strings.HasPrefix(l.rest, long) {
			size = len(long)
		}
	}
	if n := len(l.templates); n > 0 {
		switch l.rest[0] {
		case '{':
			l.templates[n-1]++
		case '}':
			if l.templates[n-1]--; l.templates[n-1] == 0 {
				l.templates = l.templates[:n-1]
				l.take(punct, 1)
				l.template(0)
				return
			}
		}
	}
	l.take(punct, size)
}

// template appends a part of a template as a token. The part reaches to the template's end or to
// ${. The search for this end starts at the index from.
func (l *lexer) template(from int) {
	for i := from; i < len(l.rest); i++ {
		switch {
		case l.rest[i] == '\\':
			i++
		case l.rest[i] == '`':
			l.take(text, i+1)
			return
		case strings.HasPrefix(l.rest[i:], "${"):
			l.take(text, i+1)
			l.templates = append(l.templates, 0)
			return // the { is next
		}
	}
	l.take(text, len(l.rest))
}

// isOperand reports whether an operand may begin here. If so, a / begins a regular expression. If
// not, a / is a division. After ) and }, isOperand assumes a division, which is wrong after if
// (…).
func (l *lexer) isOperand() bool {
	if len(l.tokens) == 0 {
		return true
	}
	switch last := l.tokens[len(l.tokens)-1]; last.kind {
	case punct:
		return !slices.Contains([]string{")", "]", "}", "++", "--"}, last.text)
	case word:
		return slices.Contains(operators, last.text)
	}
	return false
}

// until returns the length of the part of s that ends with the first occurrence of the text end.
// If s does not contain that text, until returns the length of s.
func until(s, end string) int {
	if n := strings.Index(s, end); n >= 0 {
		return n + len(end)
	}
	return len(s)
}

func isWord(r rune) bool { return r == '_' || r == '$' || r == '#' || r == '\\' || unicode.IsLetter(r) }

// wordLength returns the length of a word or a number.
func wordLength(s string) int {
	n := strings.IndexFunc(s, func(r rune) bool { return !isWord(r) && !unicode.IsDigit(r) })
	if n < 0 {
		return len(s)
	}
	return n
}

// quoted returns the length of a text in quotes. The text ends at the end of the line at the
// latest.
func quoted(s string) int {
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case s[0]:
			return i + 1
		case '\n':
			return i
		}
	}
	return len(s)
}

// expression returns the length of a regular expression with its flags. A / in a character class
// does not end the expression.
func expression(s string) int {
	class := false
	for i := 1; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '[':
			class = true
		case ']':
			class = false
		case '\n':
			return i
		case '/':
			if !class {
				return i + 1 + wordLength(s[i+1:])
			}
		}
	}
	return len(s)
}
