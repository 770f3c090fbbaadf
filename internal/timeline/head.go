package timeline

import "slices"

// lineHead reads the wrapper at the head of a line. Its methods move the index i forward.
type lineHead struct {
	s []byte
	i int
}

// ahead returns the text that is not yet read.
func (h *lineHead) ahead() []byte { return h.s[h.i:] }

func (h *lineHead) byte(c byte) bool {
	if h.i == len(h.s) || h.s[h.i] != c {
		return false
	}
	h.i++
	return true
}

// word moves to the next space or colour, and returns the text before it.
func (h *lineHead) word() []byte {
	start := h.i
	h.i += tokenEnd(h.s[h.i:])
	return h.s[start:h.i]
}

// name moves past a name, its colours, and the space behind it. It returns the name.
func (h *lineHead) name() (name []byte, ok bool) {
	h.colours()
	name = h.word()
	h.colours()
	return name, isContainerName(name) && h.byte(' ')
}

// spaces moves past spaces, and returns their number.
func (h *lineHead) spaces() int {
	start := h.i
	for h.byte(' ') {
	}
	return h.i - start
}

// colours moves past ANSI sequences for colours, and returns their number.
func (h *lineHead) colours() (n int) {
	for h.colour() {
		n++
	}
	return n
}

// colour moves past one ANSI sequence for a colour, such as ESC [ 36 m. It does not move past any
// other sequence.
func (h *lineHead) colour() bool {
	text := h.ahead()
	if !beginsWith(text, "\x1B[") {
		return false
	}
	n := 2
	for n < len(text) && (isDigitByte(text[n]) || text[n] == ';') {
		n++
	}
	if n == len(text) || text[n] != 'm' {
		return false
	}
	h.i += n + 1
	return true
}

// tokenEnd returns the index of the next space or escape sequence. It searches only maxName bytes,
// because a word in a head is short.
func tokenEnd(s []byte) int {
	s = s[:min(len(s), maxName)]
	for i, c := range s {
		if c <= ' ' { // this includes ESC, the beginning of colours
			return i
		}
	}
	return len(s)
}

func beginsWith(s []byte, prefix string) bool {
	return len(s) >= len(prefix) && string(s[:len(prefix)]) == prefix
}

// isContainerName reports whether name may be the name of a pod or a container.
func isContainerName(name []byte) bool {
	for _, c := range name {
		if !isDigitByte(c) && !isLetterByte(c) && c != '-' && c != '_' && c != '.' {
			return false
		}
	}
	return len(name) > 0 && len(name) < maxName
}

func isLetterByte(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// isLevelName reports whether a word is the level of a line. Such a word is not read as the name
// of a host or a container.
func isLevelName(word []byte) bool {
	var buf [len("critical")]byte
	if len(word) > len(buf) {
		return false
	}
	lower := buf[:0]
	for _, c := range word {
		lower = append(lower, c|0x20)
	}
	switch string(lower) {
	case "trace", "debug", "info", "notice", "warn", "warning", "error", "err", "crit", "critical", "fatal", "panic":
		return true
	}
	return false
}

func hasUpper(s []byte) bool {
	return slices.ContainsFunc(s, func(c byte) bool { return 'A' <= c && c <= 'Z' })
}
