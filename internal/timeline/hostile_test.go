package timeline_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/clew/internal/timeline"
)

// lineHostile are parts that are repeated to make a long line. If a parser read the rest of the
// line again from each part, the test would not end.
var lineHostile = []string{
	"{", "[", `{"a":`, `{"a":[`, `"a":1,`, `{"trace_id":"`, "\x00", "\xff", "\x1b[", "\x1b]0;x\x07", "\u202e", " ", "\t", "=", "a=", "a=b ", "level=info ", `a="`, `a={`, `a=[1,`,
	"trace_id=", "trace_id=\"", "[" + id128 + ",", "[", ",", "-", "00-" + id128, id128, id128 + "-", id128 + "-" + spanID + "-", "projects/", "/traces/", "1-5759e988-",
	"1", "a", "a.", ".", "2026-11-26 ", "22:46:25 ", "22:46:25.1", "Nov 26 ", "ERROR ", "[error] ", "ErrorException", "app=", "<nil> INF ", "22:46:25 INF a=b ", "</script>", "\r", "\v",
}

func TestParseHostile(t *testing.T) {
	config := timeline.ParserConfig{Reference: reference, Trace: traceID, Keys: timeline.Keys{Service: []string{"app"}, Trace: []string{"a"}}}
	for _, part := range lineHostile {
		text := strings.Repeat(part, timeline.MaxLine/32/len(part))
		for _, head := range []string{"", "22:46:25 INF ", `{"level":"info","message":"`, "time=2026-11-26T22:46:25Z "} {
			for _, config := range []timeline.ParserConfig{{Reference: reference}, config} {
				entries, counts, learned := parse(config, head+text, "  "+text, text)
				assert.Equal(t, 3, counts.Lines)
				assert.LessOrEqual(t, len(entries), 3)
				lineAssertHarmless(t, learned[:min(len(learned), 250)])
				p := timeline.NewParser(config)
				for range 3 {
					p.Glance(timeline.Raw{Text: []byte(head + text)})
				}
				assert.Equal(t, 3, p.Counts().Lines)
			}
		}
		_, err := timeline.ParseID(text)
		if err != nil {
			lineAssertHarmless(t, err.Error())
		}
	}
}

// A parser keeps a limited number of names, even if each line of a source has new ones.
func TestParseNamesBounded(t *testing.T) {
	p := timeline.NewParser(timeline.ParserConfig{Reference: reference})
	for i := range 5000 {
		text := fmt.Sprintf(`{"x%d":1,"y%d":{"request_id":"%s"},"time":"2026-11-26T22:46:25Z"}`, i, i, id128)
		p.Parse(timeline.Raw{Text: []byte(text)})
		p.Glance(timeline.Raw{Text: []byte(text)})
	}
	assert.Greater(t, p.Names(), 100)
	assert.LessOrEqual(t, p.Names(), 2000)
}
