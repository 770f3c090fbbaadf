package timeline

import (
	"bufio"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"unicode"
)

// jsonWriter writes JSON piece by piece, with one member or element on each line.
type jsonWriter struct {
	to    *bufio.Writer
	inner bool // the next element is in a list
	any   bool // a comma must come before the next member or element
	err   error
}

func newJSONWriter(to io.Writer) *jsonWriter {
	return &jsonWriter{to: bufio.NewWriterSize(to, 64<<10)}
}

func (w *jsonWriter) open(bracket string) {
	w.to.WriteString(bracket)
	w.any = false
}

func (w *jsonWriter) close(bracket string) {
	w.to.WriteByte('\n')
	if bracket == "]" {
		w.to.WriteByte(' ')
	}
	w.to.WriteString(bracket)
	w.any, w.inner = true, false
}

// next begins the line of the next member or element.
func (w *jsonWriter) next() {
	if w.any {
		w.to.WriteByte(',')
	}
	w.to.WriteString("\n ")
	if w.inner {
		w.to.WriteByte(' ')
	}
	w.any = true
}

func (w *jsonWriter) member(key string, value any) {
	w.next()
	w.to.WriteString(strconv.Quote(key) + ": ")
	w.value(value)
}

func (w *jsonWriter) list(key string) {
	w.next()
	w.to.WriteString(strconv.Quote(key) + ": ")
	w.open("[")
	w.inner = true
}

func (w *jsonWriter) element(value any) {
	w.next()
	w.value(value)
}

func (w *jsonWriter) value(value any) {
	text, err := json.Marshal(value)
	if err != nil && w.err == nil {
		w.err = err
	}
	w.to.WriteString(harmless(string(text)))
}

func (w *jsonWriter) end() error {
	if w.err != nil {
		return w.err
	}
	return w.to.Flush()
}

// harmless returns the JSON text with escapes for the characters that a terminal obeys and that
// json.Marshal leaves as they are. Most of them are beyond ASCII.
func harmless(text string) string {
	if isPrintable(text) {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		switch {
		case unicode.IsGraphic(r):
			b.WriteRune(r)
		case r < 0x10000:
			b.WriteString(`\u` + hex16(uint64(r))[12:])
		default: // the two surrogates of UTF-16
			r -= 0x10000
			b.WriteString(`\u` + hex16(uint64(0xd800 + r>>10))[12:] + `\u` + hex16(uint64(0xdc00 + r&0x3ff))[12:])
		}
	}
	return b.String()
}
