package rules

import (
	"errors"
	"fmt"
	"strings"

	"go.yaml.in/yaml/v3"
)

// reader reads one document of a file.
type reader struct {
	text   []byte
	offset int // the number of lines of the file before the document
}

// problem is an error at a node.
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

// read sets the fields of def. It sets the name first, so that an error can name the filter.
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

// fields returns the values of a filter's keys, and sets def.Name.
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
		return wrong(key, "a key that is not a text")
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

// text returns a name, which is one line of printable text. In an error, the argument subject
// stands for the name: it is "name" or "an app".
func text(node *yaml.Node, subject string) (string, error) {
	switch {
	case node.Kind != yaml.ScalarNode || node.ShortTag() != "!!str":
		return "", wrong(node, "%s is not a text; put it in quotes", subject)
	case node.Value == "" || len(node.Value) > maxName:
		return "", wrong(node, "%s must have 1 to %d bytes", subject, maxName)
	case Printable(node.Value) != node.Value:
		return "", wrong(node, "%s has a character that is not printable", subject)
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
