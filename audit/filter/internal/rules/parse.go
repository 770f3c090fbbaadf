package rules

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// Parse returns the filters of a file, and an error for each filter that is wrong. A wrong
// document does not affect the other documents of the file. If two filters have the same name, the
// later one is wrong. A file with only comments has no filters and no error. A file without any
// text is an error, because in most cases somebody is still writing it.
func Parse(text []byte) ([]Definition, []*Error) {
	if reason := refuse(text); reason != "" {
		return nil, []*Error{{Reason: reason, Part: partOf(text)}}
	}
	text = bytes.TrimPrefix(text, []byte(bom))
	if bytes.Contains(text, []byte("%YAML")) {
		text = bytes.Clone(text) // the function documents may change its argument
	}
	var defs []Definition
	var errs []*Error
	lines := map[string]int{} // the line of each filter, by its name
	docs := 0
	for doc := range documents(text) {
		if docs++; docs > maxDocuments {
			errs = append(errs, doc.tooMany(fmt.Sprintf("more than %d documents in a file", maxDocuments)))
			break
		}
		if len(defs)+len(errs) >= MaxFilters {
			errs = append(errs, doc.tooMany(fmt.Sprintf("more than %d filters in a file", MaxFilters)))
			break
		}
		def, err := doc.definition()
		switch {
		case err != nil:
			err.Part = partOf(doc.text)
			errs = append(errs, err)
		case def == nil: // the document has only comments
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

// refuse returns why text cannot be read at all, or "".
func refuse(text []byte) string {
	switch {
	case len(text) > MaxFile:
		return fmt.Sprintf("the file is larger than %d bytes", MaxFile)
	case !utf8.Valid(text):
		return "the file is not UTF-8"
	case len(bytes.TrimSpace(bytes.TrimPrefix(text, []byte(bom)))) == 0:
		return "the file is empty; write a comment into a file without filters"
	}
	return ""
}
