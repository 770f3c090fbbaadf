package servicemap

import "bytes"

// inLines returns a JSON object with each of its members, and each object in its lists, on a line
// of its own. Lines make two maps easy to compare.
func inLines(text []byte) []byte {
	b := breaker{text: text}
	b.out.Grow(len(text) + len(text)/50)
	for b.at < len(text) {
		switch c := text[b.at]; c {
		case '"':
			b.quoted()
			continue
		case '{', '[':
			b.open(c)
		case '}', ']':
			b.close(c)
		case ',':
			b.comma()
		case ':':
			b.colon()
		default:
			b.out.WriteByte(c)
		}
		b.at++
	}
	return b.out.Bytes()
}

// breaker breaks JSON into lines.
type breaker struct {
	text  []byte
	at    int // the next byte of text
	depth int // how many objects and lists are open
	out   bytes.Buffer
}

// quoted copies a string.
func (b *breaker) quoted() {
	end := b.at + 1
	for ; b.text[end] != '"'; end++ {
		if b.text[end] == '\\' {
			end++
		}
	}
	b.out.Write(b.text[b.at : end+1])
	b.at = end + 1
}

func (b *breaker) open(c byte) {
	b.out.WriteByte(c)
	if b.depth++; b.depth == 1 || b.depth == 2 && c == '[' && b.text[b.at+1] != ']' {
		b.line()
	}
}

func (b *breaker) close(c byte) {
	if b.depth--; b.depth == 0 || b.depth == 1 && c == ']' && b.text[b.at-1] != '[' {
		b.line()
	}
	b.out.WriteByte(c)
}

func (b *breaker) comma() {
	b.out.WriteByte(',')
	if b.depth == 1 || b.depth == 2 && b.text[b.at-1] == '}' && b.text[b.at+1] == '{' {
		b.line()
	}
}

func (b *breaker) colon() {
	b.out.WriteByte(':')
	if b.depth == 1 {
		b.out.WriteByte(' ')
	}
}

// line begins a line with an indent of the depth.
func (b *breaker) line() { b.out.WriteString("\n  "[:1+b.depth]) }
