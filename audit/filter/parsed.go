package filter

import (
	"crypto/sha256"

	"example.com/clew/audit/filter/internal/rules"
)

// parsed is the result of parsing a file. The file is parsed again only when its text has changed.
type parsed struct {
	sum   [sha256.Size]byte // the checksum of the text
	good  []rules.Definition
	errs  []*rules.Error
	wrong map[string]bool // the keys are the names of the filters; true: the filter is wrong
	parts map[part]bool   // the keys are the wrong parts without a name; true: maybe a missing filter
}

// part is the checksum of a part of a file: of one document, of several documents, or of the whole
// file.
type part = [sha256.Size]byte

func parse(text []byte, sum [sha256.Size]byte) parsed {
	p := parsed{sum: sum, wrong: map[string]bool{}, parts: map[part]bool{}}
	p.good, p.errs = rules.Parse(text)
	for _, err := range p.errs {
		if err.Name == "" {
			p.parts[err.Part] = false
		} else {
			p.wrong[err.Name] = true
		}
	}
	for _, def := range p.good {
		p.wrong[def.Name] = false
	}
	return p
}

// keep returns the earlier filters that stay in use although the file no longer has a good version
// of them. A filter that the file still names, but defines wrongly, stays. A filter is missing if
// no part of the file has its name. A missing filter stays if a wrong part without a name has
// appeared at the same time, because that part may be the filter. A part that was already wrong
// while the filter was there is not the filter. So removing a filter takes effect even if another
// part of the file stays wrong.
func (p *parsed) keep(before []definition, last *parsed) []definition {
	var kept, missing []definition
	for _, def := range before {
		switch wrong, here := p.wrong[def.Name]; {
		case wrong:
			kept = append(kept, def)
		case !here:
			missing = append(missing, def)
		}
	}
	appeared, suspect := false, false
	for part := range p.parts {
		may, old := last.parts[part]
		p.parts[part] = len(missing) > 0 && (may || !old)
		appeared = appeared || !old
		suspect = suspect || p.parts[part]
	}
	for _, def := range missing {
		_, named := last.wrong[def.Name] // true: the filter is missing for the first time
		if appeared || suspect && !named {
			kept = append(kept, def)
		}
	}
	return kept
}
