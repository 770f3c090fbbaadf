package canary

import (
	"strings"

	"example.com/clew/internal/line"
)

// Pieces returns parts of forged values: good values, ends of headers, lines and strings, codes
// for terminals, and texts that are too long. Many have control characters, which net/http never
// sends.
func Pieces(ids IDs) []string {
	return []string{
		ids.Low(), ids.Trace, ids.Span, "-", "0", "1", "d", "00-" + ids.Trace + "-" + ids.Span + "-01", "-d-" + ids.Parent,
		"\r\n", "\n", "\r", "\t", " ", "\x00", "\x07", "\x7f", "\x1b[2J", "\x1b[31m", "\x1b]0;evil\x07", "\u009b31m", "\xff\xfe",
		`"`, `\`, `","` + line.Ours.Key(line.TraceID) + `":"` + ids.Low(), "\"}\n{\"level\":\"info\",\"message\":\"evil\"}", "\r\nX-Evil: 1",
		" level=error " + line.Ours.Key(line.TraceID) + "=evil",
		"\u202e", "\u2028", "\u2066", "０１２３４５６７", "ſ", "%0d%0a", "${jndi:ldap://evil}", "<script>", "0x", "+", "_", ",", ";", "=",
		strings.Repeat("a", 33), strings.Repeat("7", 40<<10), strings.Repeat("\x1b[1m", 1<<10),
	}
}
