package rules

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// document is one document of a file.
type document struct {
	text []byte
	from []byte // the file from the document's first byte on
	line int    // the line of the file where the document begins
}

// partOf returns the checksum of a part of a file: of one document, of several documents, or of
// the whole file. It ignores the marker ---, because the first document need not have one.
func partOf(text []byte) [sha256.Size]byte {
	return sha256.Sum256(bytes.TrimSpace(bytes.TrimPrefix(text, []byte("---"))))
}

// tooMany returns an error for the document and all documents after it.
func (d *document) tooMany(reason string) *Error {
	return &Error{Line: d.line, Reason: reason, Part: partOf(d.from)}
}

// documents yields the documents of a file. It cuts the file before parsing, so that a document
// that is not YAML does not make the documents after it fail too. A line that begins with ---
// begins a document, even inside a text of several lines. Directives before that line belong to
// the document. The parser refuses all versions but 1.1, although it reads YAML 1.2 in the same
// way. So the directive "%YAML 1.2" becomes a comment in text.
func documents(text []byte) func(yield func(document) bool) {
	return func(yield func(document) bool) {
		doc, start, line := document{line: 1}, 0, 0
		between := boundary{head: true}
		for at := 0; at < len(text); {
			end := lineEnd(text, at)
			line++
			kind := kindOf(text[at:end])
			if between.begins(kind) && at > start {
				doc.text, doc.from = text[start:at], text[start:]
				if !yield(doc) {
					return
				}
				start, doc.line = at, line
			}
			if kind == directive && between.head && isVersion.Match(text[at:end]) {
				text[at] = '#'
			}
			between.read(kind)
			at = end
		}
		doc.text, doc.from = text[start:], text[start:]
		yield(doc)
	}
}

// lineEnd returns the index after the newline of the line that begins at the index at.
func lineEnd(text []byte, at int) int {
	if n := bytes.IndexByte(text[at:], '\n'); n >= 0 {
		return at + n + 1
	}
	return len(text)
}

// boundary is the state between two lines of a file.
type boundary struct {
	head       bool // the next line may be a directive
	directives bool // directives have begun a document, and its marker is still to come
}

// begins reports whether the next line begins a document. The argument is the kind of that line.
func (b boundary) begins(next kind) bool {
	return !b.directives && (next == marker || next == directive && b.head)
}

// read updates the state after a line of the given kind.
func (b *boundary) read(line kind) {
	b.directives = b.head && (b.directives || line == directive) && line != marker
	b.head = line == ending || b.head && (line == comment || line == directive)
}

// kind is the kind of a line.
type kind uint8

const (
	content   kind = iota
	comment        // a comment, or a blank line
	directive      // a line that begins with %
	marker         // a line that begins with ---
	ending         // a line that begins with ...
)

// begins reports whether a line begins with mark, followed by a blank or by the end of the line.
func begins(line []byte, mark string) bool {
	rest, ok := bytes.CutPrefix(line, []byte(mark))
	return ok && (len(rest) == 0 || strings.IndexByte(" \t\r\n", rest[0]) >= 0)
}

var isVersion = regexp.MustCompile(`^%YAML[ \t]+1\.\d+([ \t\r\n]|$)`)

// definition returns the document's filter, or nil if the document has only comments.
func (d *document) definition() (def *Definition, failed *Error) {
	// The text comes from outside, and a panic of the parser would end the service.
	defer func() {
		if v := recover(); v != nil {
			def, failed = nil, &Error{Line: d.line, Reason: fmt.Sprintf("the YAML parser failed: %v", v)}
		}
	}()
	var node yaml.Node
	decoder := yaml.NewDecoder(bytes.NewReader(d.text))
	if err := decoder.Decode(&node); err == io.EOF {
		return nil, nil
	} else if err != nil {
		return nil, d.syntax(err)
	}
	var more yaml.Node
	if err := decoder.Decode(&more); err == nil {
		return nil, &Error{Line: d.line + more.Line - 1, Reason: "a document that does not begin with a line ---"}
	} else if err != io.EOF {
		return nil, d.syntax(err)
	}
	r := reader{text: d.text, offset: d.line - 1}
	if len(node.Content) != 1 || node.Content[0].ShortTag() == "!!null" && node.Content[0].Value == "" {
		return nil, nil
	}
	return r.filter(node.Content[0])
}

var yamlLine = regexp.MustCompile(`^yaml: line (\d+): `)

// syntax returns an error of the parser as an Error. The line of the Error is counted in the file.
// The parser counts lines in the document.
func (d *document) syntax(err error) *Error {
	text := err.Error()
	line := 1
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
	}
	return &Error{Line: d.line + line - 1, Reason: "not YAML, here or in the next line: " + strings.TrimPrefix(text, "yaml: ")}
}

func kindOf(line []byte) kind {
	switch {
	case begins(line, "---"):
		return marker
	case begins(line, "..."):
		return ending
	case line[0] == '%':
		return directive
	}
	if line = bytes.TrimLeft(line, " \t\r\n"); len(line) == 0 || line[0] == '#' {
		return comment
	}
	return content
}
