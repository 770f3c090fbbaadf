package timeline

import "bytes"

// stackHeads are the beginnings of those lines in stack traces of Java, Python, Go, Node and .NET
// that are not indented.
var stackHeads = [][]byte{
	[]byte("Caused by:"), []byte("Suppressed:"), []byte("... "), []byte("Wrapped by:"),
	[]byte("Traceback (most recent call last)"), []byte("During handling of the above exception"),
	[]byte("The above exception was the direct cause"),
	[]byte("panic: "), []byte("fatal error: "), []byte("goroutine "), []byte("created by "), []byte("[signal "), []byte("panic("), []byte("exit status "),
	[]byte("main."), []byte("runtime."), []byte("at "), []byte("--- End of "), []byte("---> "),
}

// isStack reports whether a line without indentation is a part of a stack trace.
func isStack(text []byte) bool {
	for _, head := range stackHeads {
		if bytes.HasPrefix(text, head) {
			return true
		}
	}
	return isException(text) || isGoCall(text)
}

// isException reports whether a line begins with the name of an exception, such as
// java.io.IOException: or ValueError:
func isException(text []byte) bool {
	end := 0
	for end < len(text) && (isWord(text[end]) || text[end] == '.' || text[end] == '$') {
		end++
	}
	if end < len(text) && text[end] != ':' {
		return false
	}
	name := text[:end]
	return bytes.HasSuffix(name, []byte("Exception")) || bytes.HasSuffix(name, []byte("Error")) && end > len("Error") ||
		bytes.HasSuffix(name, []byte("Throwable"))
}

// isGoCall reports whether a line is a call in a stack trace of Go:
// net/http.(*conn).serve(0xc000).
func isGoCall(text []byte) bool {
	if len(text) == 0 || text[len(text)-1] != ')' || bytes.IndexByte(text, ' ') >= 0 && !bytes.Contains(text, []byte(", ")) {
		return false
	}
	call := bytes.IndexByte(text, '(')
	return call > 0 && bytes.IndexByte(text[:call], ' ') < 0 && bytes.IndexByte(text[:call+1], '.') > 0
}
