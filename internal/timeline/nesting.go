package timeline

import "bytes"

// A nesting follows the objects and arrays of JSON from line to line.
type nesting struct {
	depth int
	wrong bool
}

// open tells whether JSON goes on behind the lines that were read.
func (n *nesting) open() bool { return n.depth > 0 && !n.wrong }

// read goes through a line. A string does not go on behind its end.
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
				n.wrong = true // it was cut
				return
			}
			i = end - 1
		}
	}
}

// goesOn tells whether a line may be one within JSON: it is indented, or closes something.
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

// stringEnd returns where the JSON string ends that begins at i; 0: nowhere.
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
