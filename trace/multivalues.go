package trace

import (
	"example.com/clew/internal/line"
)

// multiValues are the values of X-B3-*, in the order of multiFields. A header whose value is ""
// is not written.
type multiValues [5]string

// fill sets the values for b. The IDs are parts of one string, so that fill allocates once.
func (v *multiValues) fill(b B3) {
	if b.hasIDs() {
		var buf [32 + 16 + 16]byte
		text := b.AppendTraceID(buf[:0])
		width := len(text)
		text = line.AppendHex(text, b.SpanID[:])
		if b.ParentSpanID.IsValid() {
			text = line.AppendHex(text, b.ParentSpanID[:])
		}
		s := string(text)
		v[0], v[1], v[2] = s[:width], s[width:width+16], s[width+16:]
	}
	switch b.Sampling {
	case Deny:
		v[3] = "0"
	case Accept:
		v[3] = "1"
	case Debug:
		v[4] = "1"
	}
}

// free returns an index that fill leaves empty for b: the index of X-B3-Sampled if b is debug,
// and else the index of X-B3-Flags.
func (multiValues) free(b B3) int {
	if b.Sampling == Debug {
		return 3
	}
	return 4
}
