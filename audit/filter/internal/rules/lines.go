package rules

import (
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// hasLines reports whether a scalar without | or > spans several lines of a document. YAML joins
// such lines, and a // in a script then comments out all that follows.
func hasLines(node *yaml.Node, document string) bool {
	text := from(document, node.Line, node.Column)
	if node.Style&yaml.TaggedStyle != 0 { // the node begins with its tag
		text = strings.TrimLeft(text[max(0, strings.IndexAny(text, " \t\r\n")):], " \t\r\n")
	}
	switch {
	case node.Style&yaml.DoubleQuotedStyle != 0:
		return hasBreak(text, '"', '\\')
	case node.Style&yaml.SingleQuotedStyle != 0:
		return hasBreak(text, '\'', '\'')
	}
	// The text of a value on one line begins with the value itself.
	return !strings.HasPrefix(text, node.Value)
}

// from returns the part of text that begins at a line and a column. The parser counts columns in
// runes, from 1.
func from(text string, line, column int) string {
	for ; line > 1; line-- {
		n := strings.IndexAny(text, breaks)
		if n < 0 {
			return ""
		}
		if strings.HasPrefix(text[n:], "\r\n") {
			n++
		}
		_, size := utf8.DecodeRuneInString(text[n:])
		text = text[n+size:]
	}
	for ; column > 1 && text != ""; column-- {
		_, size := utf8.DecodeRuneInString(text)
		text = text[size:]
	}
	return text
}

// breaks lists the characters that end a line for the parser.
const breaks = "\r\n\u0085\u2028\u2029"

// hasBreak reports whether a line ends within the quoted text. An escaped quote does not end the
// text. In single quotes, the escape is a quote too.
func hasBreak(text string, quote, escape byte) bool {
	for i := 1; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\r' || c == '\n':
			return true
		case c == escape && i+1 < len(text) && (escape != quote || text[i+1] == quote):
			if escape != quote && (text[i+1] == '\r' || text[i+1] == '\n') {
				return true
			}
			i++
		case c == quote:
			return false
		}
	}
	return false
}
