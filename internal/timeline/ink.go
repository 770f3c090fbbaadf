package timeline

import "strings"

// The colours of a terminal.
const (
	Bold   = "1"
	Dim    = "2"
	Red    = "31"
	Green  = "32"
	Yellow = "33"
)

// Word is a text in a colour, or in none if Colour is "". It is an alias, so that go vet lets
// literals leave out the names of its fields.
type Word = struct{ Colour, Text string }

// InColour returns text between the escape codes of a colour. Without a colour it returns the text
// alone.
func InColour(colour, text string) string {
	if colour == "" || text == "" {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// Lines divides a text into lines between words. The parameter room is the largest number of
// columns of a line. A longer word is a line of its own. If room is 0, all words are on one line.
// A text without words gives no line.
func Lines(text string, room int) (lines []string) {
	for word := range strings.FieldsSeq(text) {
		last := len(lines) - 1
		if last < 0 || room > 0 && Columns(lines[last])+1+Columns(word) > room {
			lines = append(lines, word)
		} else {
			lines[last] += " " + word
		}
	}
	return lines
}
