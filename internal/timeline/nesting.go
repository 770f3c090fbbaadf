package timeline

import "bytes"

// A nesting counts the open objects and arrays of JSON from line to line.
type nesting struct {
	depth int
	wrong bool
}

// open reports whether the JSON goes on after the lines that were read.
func (n *nesting) open() bool { return n.depth > 0 && !n.wrong }

// read counts the brackets of a line. A string never goes on in the next line.
func (n *nesting) read(text []byte) {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '{', '[':
			n.depth++
		case '}', ']':
			n.depth--
			n.wrong = n.wrong || n.depth < 0
		case '"':
			end := stringEnd(text, i)
			if end == 0 {
				n.wrong = true // the line was cut
				return
			}
			i = end - 1
		}
	}
}

// goesOn reports whether a line may be within JSON. Such a line is blank or indented, or begins
// with a string, a comma or a closing bracket.
func (n *nesting) goesOn(text []byte) bool {
	if len(bytes.TrimSpace(text)) == 0 || isIndented(text) {
		return true
	}
	switch text[0] {
	case '}', ']', '"', ',':
		return true
	}
	return false
}

// stringEnd returns the end of the JSON string at i; 0: the string has no end.
func stringEnd(text []byte, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return 0
}
