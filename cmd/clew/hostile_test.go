package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hostileValues are values that somebody writes into a log to attack the person or the program
// that reads it.
var hostileValues = []string{
	"\x1b[31mred", "\x1b]0;title\x07", "\x1b]8;;http://evil.example\x07link\x1b]8;;\x07", "\x1b[2J\x1b[H", "\u009b31m", "\u009d0;t\u009c",
	"\u202eevil\u202c", "\u2066x\u2069", "\u200b\u200e", "\ufeff", "\u2028\u2029", "a\rb", "a\nb", "\x00", "\x7f", "\b\b\b", "\xff\xfe", "\xed\xa0\x80", "\xc3",
	"</script><script>alert(1)</script>", "<!--<script>", "<img src=x onerror=alert(1)>", "javascript:alert(1)", "{{7*7}}", "${7*7}", "%s%n%x",
	"A->>B: x", "end", "%%{init: {}}%%", "click A call alert(1)", "note over A: x", "#quot;", ";", "`", "'\"", "\\", "=cmd|' /C calc'!A0",
	"NaN", "Infinity", "-1", "1e999", "99999999999999999999", strings.Repeat("x", 5000), strings.Repeat("é", 2000), strings.Repeat("[", 3000),
}

// hostileLog returns a log that has each hostile value in each field of a line, and lines that are
// wrong in other ways. Each line contains its number, such as n7.
func hostileLog(trace string) (text string, lines int) {
	var b strings.Builder
	put := func(form string, args ...any) {
		lines++
		fmt.Fprintf(&b, form+"\n", args...)
	}
	for _, value := range hostileValues {
		quoted, _ := json.Marshal(value)
		v := string(quoted)
		for _, key := range []string{"message", "service", "level", "error", "user", "span_id", "parent_id", "time", "duration_ms", "status", "method", "path", "route"} {
			head := `{"trace_id":"` + trace + `",`
			put(head+`"message":"request","status":200,"duration_ms":5,"method":"GET","path":"/","n":"n%d",%q:%s}`, lines, key, v)
			put(head+`"message":"call","host":%[3]s,"status":200,"duration_ms":5,"method":"GET","path":"/","n":"n%[1]d",%[2]q:%[3]s}`, lines, key, v)
		}
		if !strings.Contains(value, "\n") {
			put("2026-11-26 10:11:12.123 [%s] ERROR n%d %s", trace, lines, value)
			put("time=2026-11-26T10:11:12Z level=error trace_id=%s n=n%d msg=%s", trace, lines, v)
		}
	}
	for _, at := range []string{"1970-01-01T00:00:00Z", "2262-04-11T23:47:16Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z", "2026-13-45T99:99:99Z"} {
		put(`{"trace_id":"%s","time":"%s","message":"request","duration_ms":%s,"status":200,"span_id":"00000000000000%02d","n":"n%[5]d"}`, trace, at, "9e18", lines%100, lines)
	}
	put(`{"trace_id":"%s","message":"deep","n":"n%d","x":%s1%s}`, trace, lines, strings.Repeat(`{"a":`, 100_000), strings.Repeat("}", 100_000))
	put(`{"trace_id":"%s","trace_id":"%[1]s","message":"twice","message":"twice","n":"n%d"}`, trace, lines)
	for i := range 3 { // spans that are each other's parents, in a circle
		put(`{"trace_id":"%s","message":"request","span_id":"00000000000000a%d","parent_id":"00000000000000a%d","n":"n%d"}`, trace, i, (i+1)%3, lines)
	}
	put(`{"trace_id":"%s","message":"request","span_id":"00000000000000b0","parent_id":"00000000000000b0","n":"n%d"}`, trace, lines)
	return b.String(), lines
}

// clew's output contains no character that a terminal would obey, and no line is missing.
func TestHostile(t *testing.T) {
	t.Chdir(t.TempDir())
	text, lines := hostileLog(id)
	garbage := "\x00\x01\x02\xff\xfe" + strings.Repeat("\xff", 300) + "\r\n\ufeff{\r\n[[[[\n{\"trace_id\":\n" + strings.Repeat("y", 2<<20) + "\n"
	text = "\ufeff" + strings.ReplaceAll(text, "\n", "\r\n") + garbage + text[:len(text)-20]
	write(t, "app.log", text)
	for _, shown := range []struct {
		query   query
		whole   bool
		outputs []string
	}{
		{askedOne, false, []string{"text", "json", "html", "zipkin", "otlp", "mermaid"}},
		{query{limit: 50}, false, []string{"text", "json"}},
		{query{limit: 50}, true, []string{"html", "zipkin", "otlp"}},
	} {
		e := engineOf(t, shown.query, view{whole: shown.whole, room: pageRoom}, text)
		for _, output := range shown.outputs {
			for _, width := range []int{0, 80, 1} {
				if width > 0 && output != "text" {
					continue
				}
				e.view.output, e.view.width = output, width
				var answer strings.Builder
				found, err := e.show(&answer)
				require.NoError(t, err)
				assert.True(t, found, output)
				// The page's script contains tabs.
				assertPlain(t, strings.ReplaceAll(answer.String(), "\t", ""))
			}
		}
	}
	for _, args := range [][]string{{id, "app.log"}, {"app.log"}} {
		r := clew(t, "", append([]string{"timeline"}, args...)...)
		assert.Equal(t, exitFound, r.code, "%v: %s", args, r.err)
		assertPlain(t, r.out)
		assertPlain(t, r.err)
	}

	tree := treeOf(t, id, "app.log")
	for i := range lines - 1 {
		mark, n := fmt.Sprintf("n%d", i), 0
		for _, l := range tree.Lines {
			if containsWord(l.Text, mark) {
				n++
			}
		}
		require.Equal(t, 2, n, "%s is twice in the file, and must be twice in the tree", mark)
	}
}

// containsWord reports whether a text contains a word that is not followed by a digit.
func containsWord(text, word string) bool {
	for {
		i := strings.Index(text, word)
		if i < 0 {
			return false
		}
		text = text[i+len(word):]
		if text == "" || text[0] < '0' || text[0] > '9' {
			return true
		}
	}
}

// assertPlain fails if a text contains a character that a terminal obeys, or that makes text look
// like another text.
func assertPlain(t *testing.T, text string) {
	t.Helper()
	require.True(t, utf8.ValidString(text))
	for i, r := range text {
		if r != '\n' && !unicode.IsGraphic(r) {
			t.Fatalf("%q in …%q", r, text[max(0, i-40):min(len(text), i+40)])
		}
	}
}
