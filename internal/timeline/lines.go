package timeline

import "bytes"

// lineStart returns where the line begins that the byte at is in. A newline is a part of its line.
func lineStart(b []byte, at int) int { return bytes.LastIndexByte(b[:at], '\n') + 1 }

// lineEnd returns where the next line begins after the one that at is in.
func lineEnd(b []byte, at int) int {
	if n := bytes.IndexByte(b[at:], '\n'); n >= 0 {
		return at + n + 1
	}
	return len(b)
}

// lineAt returns the line that begins at from, without its end.
func lineAt(b []byte, from int) []byte {
	return bytes.TrimRight(b[from:lineEnd(b, from)], "\r\n")
}

// countLines returns how many lines there are in whole ones, of which the last may have no newline.
func countLines(b []byte) int {
	n := bytes.Count(b, []byte{'\n'})
	if len(b) > 0 && b[len(b)-1] != '\n' {
		n++
	}
	return n
}
