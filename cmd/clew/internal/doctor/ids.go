package doctor

import (
	"iter"
	"strconv"
	"strings"
)

// The type known finds the canaries whose IDs or user agents are in a text. A canary is a test
// request of clew doctor. The zero value finds none.
type known struct {
	traces map[uint64]*probe // the keys are the low halves of the trace IDs
	spans  map[uint64]*probe // the keys are the span IDs
	tags   map[string]*probe // the keys are the tags in the user agents
	marks  map[string]bool   // the keys are the marks of hostile canaries
}

func (k *known) add(probes []*probe) {
	if k.traces == nil {
		k.traces, k.spans, k.tags = map[uint64]*probe{}, map[uint64]*probe{}, map[string]*probe{}
		k.marks = map[string]bool{}
	}
	for _, p := range probes {
		k.tags[p.tag] = p
		if p.Mark != "" {
			k.marks[p.Mark] = true
		}
		for _, id := range []string{p.TraceID, p.Refused} {
			if low, ok := low(id); ok {
				k.traces[low] = p
			}
		}
		if n, ok := low(p.SpanID); ok && p.SpanID != "" {
			k.spans[n] = p
		}
	}
}

// low returns the last 16 digits of an ID as a number.
func low(id string) (uint64, bool) {
	n, err := strconv.ParseUint(id[max(len(id)-16, 0):], 16, 64)
	return n, err == nil && len(id) >= 16
}

// mention is an ID of a canary's trace in a text.
type mention struct {
	probe *probe
	text  string // the ID as the text spells it
	wide  bool   // the form allows 32 digits only, as traceparent and Google's resource names do
}

// find returns the IDs of canaries' traces in a text. It recognizes 16 or 32 hexadecimal digits
// without further digits beside them, the low half as a decimal number, and X-Ray's form.
func (k *known) find(text string) (found []mention) {
	for start, run := range runs(text) {
		if p := k.hex(run); p != nil {
			before := text[:start]
			found = append(found, mention{p, run, strings.HasSuffix(before, "/traces/") || strings.HasSuffix(before, "00-")})
		} else if n, err := strconv.ParseUint(run, 10, 64); err == nil && len(run) >= 10 && k.traces[n] != nil {
			found = append(found, mention{k.traces[n], run, false})
		}
	}
	return found
}

func (k *known) hex(run string) *probe {
	switch len(run) {
	case 16, 24, 32: // 24: X-Ray writes a hyphen before the last 24 digits
		n, _ := low(run)
		p := k.traces[n]
		if p != nil && len(run) == 24 && !strings.HasSuffix(p.TraceID, strings.ToLower(run)) {
			return nil
		}
		return p
	}
	return nil
}

// span returns the canary whose span ID is in a text, or nil.
func (k *known) span(text string) *probe {
	for _, run := range runs(text) {
		if n, ok := low(run); ok && len(run) == 16 && k.spans[n] != nil {
			return k.spans[n]
		}
	}
	return nil
}

// marked reports whether a text contains the mark of a hostile canary.
func (k *known) marked(text string) bool {
	for mark := range k.marks {
		if strings.Contains(text, mark) {
			return true
		}
	}
	return false
}

// tagged returns the canary whose user agent is in a text, or nil.
func (k *known) tagged(text string) *probe {
	for at := strings.Index(text, "clew-doctor"); at >= 0; {
		text = text[at:]
		open, end := strings.IndexByte(text, '('), strings.IndexByte(text, ')')
		if open > 0 && end > open {
			if p := k.tags[text[open+1:end]]; p != nil {
				return p
			}
		}
		text = text[1:]
		at = strings.Index(text, "clew-doctor")
	}
	return nil
}

// runs returns the longest sequences of hexadecimal digits in a text, each with its index.
func runs(text string) iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		for i := 0; i < len(text); {
			end := i
			for end < len(text) && isHex(text[end]) {
				end++
			}
			if end > i && !yield(i, text[i:end]) {
				return
			}
			i = max(end, i+1)
		}
	}
}

func isHex(c byte) bool { return c-'0' <= 9 || c|' '-'a' < 6 }

// width compares the ID of a trace with the text that was found, and returns what has happened to
// the ID.
func (p *probe) width(text string) Kind {
	text = strings.ToLower(text)
	switch {
	case len(text) == 32 && len(p.TraceID) == 16:
		return Padded
	case len(text) == 16 && len(p.TraceID) == 32 && strings.HasSuffix(p.TraceID, text):
		return Truncated
	case len(text) == 32 && text != p.TraceID:
		return Restarted // another high half
	}
	return Adopted
}
