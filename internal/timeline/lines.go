package timeline

import "bytes"

// lineStart returns the beginning of the line that contains the byte b[at]. A newline belongs to
// the line that it ends.
func lineStart(b []byte, at int) int { return bytes.LastIndexByte(b[:at], '\n') + 1 }

// lineEnd returns the end of the line that contains the byte b[at]. The next line begins at this
// index.
func lineEnd(b []byte, at int) int {
	if n := bytes.IndexByte(b[at:], '\n'); n >= 0 {
		return at + n + 1
	}
	return len(b)
}

// lineAt returns the line that begins at the index from, without its line end.
func lineAt(b []byte, from int) []byte {
	return bytes.TrimRight(b[from:lineEnd(b, from)], "\r\n")
}

// countLines returns the number of lines. The last one may lack its newline.
func countLines(b []byte) int {
	n := bytes.Count(b, []byte{'\n'})
	if len(b) > 0 && b[len(b)-1] != '\n' {
		n++
	}
	return n
}
