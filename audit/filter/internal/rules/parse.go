package rules

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// Parse returns the filters of a file, and what is wrong with the others. A document that is wrong
// does not take the file's others with it. Of two filters with one name, the later one is wrong. A
// file of comments alone has no filters and no error; one without any text is an error, because it
// is half-written as a rule.
func Parse(text []byte) ([]Definition, []*Error) {
	if reason := refuse(text); reason != "" {
		return nil, []*Error{{Reason: reason, Part: partOf(text)}}
	}
	text = bytes.TrimPrefix(text, []byte(bom))
	if bytes.Contains(text, []byte("%YAML")) {
		text = bytes.Clone(text) // documents changes it
	}
	var defs []Definition
	var errs []*Error
	lines := map[string]int{} // of the names
	docs := 0
	for doc := range documents(text) {
		if docs++; docs > maxDocuments {
			errs = append(errs, doc.rest(fmt.Sprintf("more than %d documents in a file", maxDocuments)))
			break
		}
		if len(defs)+len(errs) >= MaxFilters {
			errs = append(errs, doc.rest(fmt.Sprintf("more than %d filters in a file", MaxFilters)))
			break
		}
		def, err := doc.definition()
		switch {
		case err != nil:
			err.Part = partOf(doc.text)
			errs = append(errs, err)
		case def == nil: // comments alone
		case lines[def.Name] > 0:
			errs = append(errs, &Error{Name: def.Name, Line: doc.line,
				Reason: fmt.Sprintf("the name is taken by the filter of line %d", lines[def.Name])})
		default:
			lines[def.Name] = doc.line
			defs = append(defs, *def)
		}
	}
	return defs, errs
}

const bom = "\uFEFF"

// refuse returns why text is not read at all, or "".
func refuse(text []byte) string {
	switch {
	case len(text) > MaxFile:
		return fmt.Sprintf("the file is larger than %d bytes", MaxFile)
	case !utf8.Valid(text):
		return "the file is not UTF-8"
	case len(bytes.TrimSpace(bytes.TrimPrefix(text, []byte(bom)))) == 0:
		return "the file is empty; a file that shall define no filter has a comment"
	}
	return ""
}

// document is one document of a file.
type document struct {
	text []byte
	from []byte // the file's text from the document on
	line int    // at which it begins
}

// partOf is the sum of a part's text, without the marker: the first document of a file needs none.
func partOf(text []byte) [sha256.Size]byte {
	return sha256.Sum256(bytes.TrimSpace(bytes.TrimPrefix(text, []byte("---"))))
}

// rest is an error of the document and all those after it.
func (d *document) rest(reason string) *Error {
	return &Error{Line: d.line, Reason: reason, Part: partOf(d.from)}
}

// documents yields the documents of a file. They are cut before they are parsed, so that a document
// that is no YAML does not take those after it along. A line that begins with --- begins a
// document, also within a text of several lines. Directives before that line belong to it. The
// directive "%YAML 1.2" becomes a comment in text: the parser refuses all versions but 1.1, and
// reads both alike.
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

// lineEnd is where the line ends that begins at a byte of text. The line has its newline.
func lineEnd(text []byte, at int) int {
	if n := bytes.IndexByte(text[at:], '\n'); n >= 0 {
		return at + n + 1
	}
	return len(text)
}

// boundary is what the lines before say of the next one.
type boundary struct {
	head       bool // it may be a directive
	directives bool // directives are before it, to which a marker belongs
}

// begins reports whether the next line, of that kind, begins a document.
func (b boundary) begins(next kind) bool {
	return !b.directives && (next == marker || next == directive && b.head)
}

// read takes the next line.
func (b *boundary) read(line kind) {
	b.directives = b.head && (b.directives || line == directive) && line != marker
	b.head = line == ending || b.head && (line == comment || line == directive)
}

// kind is what a line is between two documents.
type kind uint8

const (
	content   kind = iota
	comment        // or blank
	directive      // %
	marker         // ---
	ending         // ...
)

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

// begins reports whether a line begins with mark, and a blank or the line's end after mark.
func begins(line []byte, mark string) bool {
	rest, ok := bytes.CutPrefix(line, []byte(mark))
	return ok && (len(rest) == 0 || strings.IndexByte(" \t\r\n", rest[0]) >= 0)
}

var isVersion = regexp.MustCompile(`^%YAML[ \t]+1\.\d+([ \t\r\n]|$)`)

// definition returns the document's filter, or nil if it has comments alone.
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

// syntax is a parser's error, with the line of the file in place of the document's.
func (d *document) syntax(err error) *Error {
	text := err.Error()
	line := 1
	if m := yamlLine.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1])
		text = text[len(m[0]):]
	}
	return &Error{Line: d.line + line - 1, Reason: "no YAML, here or in the next line: " + strings.TrimPrefix(text, "yaml: ")}
}

// reader reads one document.
type reader struct {
	text   []byte
	offset int // of its lines
}

// problem is what is wrong at a node.
type problem struct {
	at     *yaml.Node
	reason string
}

func (p *problem) Error() string { return p.reason }

func wrong(at *yaml.Node, format string, args ...any) error {
	return &problem{at, fmt.Sprintf(format, args...)}
}

func (r *reader) filter(node *yaml.Node) (*Definition, *Error) {
	def := &Definition{}
	err := r.read(def, node)
	if err == nil {
		return def, nil
	}
	failed := &Error{Name: def.Name, Line: node.Line + r.offset, Reason: err.Error()}
	if p := (*problem)(nil); errors.As(err, &p) {
		failed.Line = p.at.Line + r.offset
	}
	return nil, failed
}

// read reads def, whose name it sets first: an error names the filter.
func (r *reader) read(def *Definition, node *yaml.Node) error {
	if node.Kind != yaml.MappingNode {
		return wrong(node, "a filter is a mapping with the keys name, expiration, apps and js")
	}
	fields, err := r.fields(node, def)
	if err != nil {
		return err
	}
	if fields["name"] == nil {
		return wrong(node, "no name")
	}
	if fields["js"] == nil {
		return wrong(node, "no js")
	}
	if def.Script, def.Line, err = r.script(fields["js"]); err != nil {
		return err
	}
	if at := fields["expiration"]; at != nil {
		if def.Expires, err = expiration(at); err != nil {
			return err
		}
	}
	if at := fields["apps"]; at != nil {
		if def.Apps, err = apps(at); err != nil {
			return err
		}
	}
	return nil
}

// fields returns the values of a filter's keys, and sets its name.
func (r *reader) fields(node *yaml.Node, def *Definition) (map[string]*yaml.Node, error) {
	fields := map[string]*yaml.Node{}
	var first error
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		switch err := checkKey(key, value, fields[key.Value] != nil); {
		case err != nil && first == nil:
			first = err
		case err == nil && key.Value == "name":
			name, err := text(value, "name")
			if err != nil {
				return nil, err
			}
			def.Name = name
		}
		fields[key.Value] = value
	}
	return fields, first
}

func checkKey(key, value *yaml.Node, twice bool) error {
	switch {
	case key.Kind == yaml.AliasNode || value.Kind == yaml.AliasNode || key.Anchor != "" || value.Anchor != "":
		return wrong(key, "anchors (&) and aliases (*) are not allowed")
	case key.Kind != yaml.ScalarNode:
		return wrong(key, "a key that is no text")
	case twice:
		return wrong(key, "the key %q comes twice", key.Value)
	}
	switch key.Value {
	case "name", "expiration", "apps", "js":
		return nil
	}
	return wrong(key, "an unknown key %q; the keys are name, expiration, apps and js", key.Value)
}

// script returns the script, and the line at which it begins.
func (r *reader) script(node *yaml.Node) (string, int, error) {
	switch {
	case node.Kind != yaml.ScalarNode || node.ShortTag() != "!!str" || strings.TrimSpace(node.Value) == "":
		return "", 0, wrong(node, "js is not the text of a script")
	case node.Style&yaml.FoldedStyle != 0:
		return "", 0, wrong(node, "js: > joins the lines of the script; write js: |")
	case strings.IndexByte(node.Value, 0) >= 0:
		return "", 0, wrong(node, "js has a NUL byte")
	case node.Style&yaml.LiteralStyle == 0 && hasLines(node, string(r.text)):
		return "", 0, wrong(node, "js of several lines without | is joined to one line; write js: |")
	}
	line := node.Line + r.offset
	if node.Style&yaml.LiteralStyle != 0 {
		line++
	}
	return node.Value, line, nil
}

// text returns a name: a text of one line.
func text(node *yaml.Node, of string) (string, error) {
	switch {
	case node.Kind != yaml.ScalarNode || node.ShortTag() != "!!str":
		return "", wrong(node, "%s is not a text; put it in quotes", of)
	case node.Value == "" || len(node.Value) > maxName:
		return "", wrong(node, "%s must have 1 to %d bytes", of, maxName)
	case Printable(node.Value) != node.Value:
		return "", wrong(node, "%s has a character that is not printable", of)
	}
	return node.Value, nil
}

func apps(node *yaml.Node) ([]string, error) {
	if node.Kind != yaml.SequenceNode {
		return nil, wrong(node, "apps is not a list; write [media-api]")
	}
	if len(node.Content) == 0 || len(node.Content) > maxApps {
		return nil, wrong(node, "apps must have 1 to %d names", maxApps)
	}
	var names []string
	for _, item := range node.Content {
		if item.Kind == yaml.AliasNode || item.Anchor != "" {
			return nil, wrong(item, "anchors (&) and aliases (*) are not allowed")
		}
		name, err := text(item, "an app")
		if err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}
