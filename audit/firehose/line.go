package firehose

import (
	"slices"
	"time"
	"unicode/utf8"

	"example.com/clew/audit"
)

// microseconds is the layout of times in clew-audit find -o json. Such texts sort in the order of
// their times.
const microseconds = "2006-01-02T15:04:05.000000Z"

// line makes lines of JSON from events, in the form that clew-audit find -o json writes and
// clew-audit ingest reads. It uses its memory again for the next line.
type line struct {
	text []byte
	keys []string
}

// The method of returns the line of the event e, with its newline. The line is valid until the
// next call.
func (l *line) of(e *audit.Event) []byte {
	b := append(l.text[:0], `{"timestamp":"`...)
	b = appendTime(b, e.Time)
	b = append(b, `","trace_id":`...)
	b = appendString(b, e.TraceID)
	b = append(b, `,"app":`...)
	b = appendString(b, e.App)
	b = append(b, `,"message":`...)
	b = appendString(b, e.Message)
	b = append(b, `,"context":{`...)
	b = l.appendContext(b, e.Context)
	b = append(b, `},"trace_names":[`...)
	for i, name := range e.TraceNames {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendString(b, name)
	}
	l.text = append(b, "]}\n"...)
	return l.text
}

// appendContext appends the pairs, in the order of their keys.
func (l *line) appendContext(b []byte, pairs map[string]string) []byte {
	l.keys = l.keys[:0]
	for key := range pairs {
		l.keys = append(l.keys, key)
	}
	slices.Sort(l.keys)
	for i, key := range l.keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(appendString(b, key), ':')
		b = appendString(b, pairs[key])
	}
	clear(l.keys) // otherwise the keys would keep a block of the journal in memory
	return b
}

func appendTime(b []byte, t time.Time) []byte { return t.UTC().AppendFormat(b, microseconds) }

// escaped contains the ASCII characters that must be escaped in a JSON string, and DEL, which a
// terminal may obey.
var escaped = func() (set [utf8.RuneSelf]bool) {
	for c := range byte(' ') {
		set[c] = true
	}
	set['"'], set['\\'], set[0x7f] = true, true, true
	return set
}()

// appendString appends s as a JSON string. Bytes that are not UTF-8 become U+FFFD.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); {
		if c := s[i]; c < utf8.RuneSelf {
			if escaped[c] {
				b = appendEscaped(append(b, s[start:i]...), rune(c))
				start = i + 1
			}
			i++
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == utf8.RuneError && size == 1 || commands(r) {
			b = appendEscaped(append(b, s[start:i]...), r)
			start = i + size
		}
		i += size
	}
	return append(append(b, s[start:]...), '"')
}

// commands reports whether r is a character beyond ASCII that a terminal obeys, or that changes
// the order in which a line is shown. Such characters are escaped because people also read the
// delivered lines in a terminal, with zcat.
func commands(r rune) bool {
	switch {
	case r < 0xa0: // the C1 control characters
	case r == 0x61c, r == 0xfeff:
	case r == 0x200e, r == 0x200f:
	case r >= 0x2028 && r <= 0x202e: // line and paragraph separators, and the direction of text
	case r >= 0x2066 && r <= 0x2069:
	default:
		return false
	}
	return true
}

func appendEscaped(b []byte, r rune) []byte {
	const hex = "0123456789abcdef"
	switch r {
	case '"', '\\':
		return append(b, '\\', byte(r))
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	return append(b, '\\', 'u', hex[r>>12&15], hex[r>>8&15], hex[r>>4&15], hex[r&15])
}
