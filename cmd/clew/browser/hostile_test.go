//go:build browser

package browser_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/chromedp/chromedp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// attacks are values that an attacker writes into a log to run a script in the page, or to deceive
// the reader. Each script sets window.hit when it runs.
var attacks = []string{
	"</script><script>window.hit=1</script>", "<!--<script>window.hit=1</script>-->", "<img src=x onerror=window.hit=1>", "<svg onload=window.hit=1>",
	"javascript:window.hit=1", "'\"><iframe srcdoc='<script>parent.hit=1</script>'>", "</title><script>window.hit=1</script>", "]]><script>window.hit=1</script>",
	"\u2028window.hit=1\u2029", "\\u003c/script>", "${window.hit=1}", "{{constructor.constructor('window.hit=1')()}}", "`-window.hit=1-`", "\");window.hit=1;(\"",
	"<a href=javascript:window.hit=1>x</a>", "<style>*{display:none}</style>", "<meta http-equiv=refresh content=0;url=javascript:window.hit=1>", "<base href=//evil.example>",
	"__proto__", "constructor", "toString", "\x1b[31mred\x1b]0;t\x07", "\u009b31m", "\u202egnp.exe", "\u2066x\u2069", "\u200b\ufeff\u200e", "\x00", "a\rb", "\xff\xfe", "\U000e0001",
	strings.Repeat("x", 20_000), strings.Repeat("é\u0301", 500), "שלום", "%00", "&lt;script&gt;", "&#x3c;script&#x3e;",
}

// hostileLog returns lines with these values in each field of a line.
func hostileLog(t *testing.T, values []string) string {
	var b strings.Builder
	for i, value := range values {
		v, err := json.Marshal(value)
		require.NoError(t, err)
		for k, key := range []string{"message", "service", "level", "error", "user", "span_id", "parent_id", "host", "method", "path", "route", "scheduled_by", "untrusted_trace_id"} {
			for r, record := range []string{"request", "call", "job", "said"} {
				fmt.Fprintf(&b, `{"trace_id":"%s","time":"2026-11-26T10:11:12.%03dZ","service":"shop","span_id":"%016x","message":%q,"status":200,"bytes":7,"remote":"10.0.0.1:2000","duration_ms":5,"method":"GET","path":"/","sampled":true,%q:%s}`+"\n",
					fleetID, i%1000, 1+i*52+k*4+r, record, key, v)
			}
		}
		fmt.Fprintf(&b, "2026-11-26 10:11:12.123 [%s] ERROR %s\n", fleetID, strings.ReplaceAll(value, "\n", " "))
	}
	return b.String()
}

// random returns n hostile values that are combined at random.
func random(n int) []string {
	r := rand.New(rand.NewPCG(17, 1))
	alphabet := []rune("<>/\"'`=&;!-\\ \n\r\t\x00\x1b\u0085\u2028\u202e\u2066\ufeff(){}[]abc0é😀\u0301")
	values := make([]string, n)
	for i := range values {
		var b strings.Builder
		for range 1 + r.IntN(6) {
			switch r.IntN(3) {
			case 0:
				b.WriteString(attacks[r.IntN(20)])
			default:
				for range r.IntN(12) {
					b.WriteRune(alphabet[r.IntN(len(alphabet))])
				}
			}
		}
		values[i] = b.String()
	}
	return values
}

// No script in the lines runs, and the page loads nothing. The page shows no character that is
// invisible or reverses text.
func TestHostile(t *testing.T) {
	for _, tt := range []struct {
		name   string
		values []string
	}{{"known", attacks}, {"random", random(1000)}} {
		t.Run(tt.name, func(t *testing.T) {
			name := filepath.Join(t.TempDir(), "<img src=x onerror=hit=1>'$(touch x).log")
			require.NoError(t, os.WriteFile(name, []byte(hostileLog(t, tt.values)), 0o600))
			for _, args := range [][]string{{fleetID, name}, {name}} {
				visit(t, draw(t, append([]string{"--zipkin-ui", "http://zipkin.example"}, args...)...))
			}
		})
	}
}

// visit opens a page, and looks at everything that the page can show.
func visit(t *testing.T, address string) {
	p := opened(t, address)
	if p.text(`String(!document.querySelector("#list").hidden)`) == "true" {
		p.check(t)
		p.click("#list-body tr:first-child td:last-child > *")
		p.check(t)
		if value[bool](t, p.ctx, `document.querySelector("#trace").hidden`) {
			return
		}
	}
	count := value[int](t, p.ctx, `page.shown.length`)
	require.Positive(t, count)
	for at := 0; at < count; at += 20 + count/60 {
		do(t, p.ctx, chromedp.Evaluate(fmt.Sprintf(`page.select(page.shown[%d]); page.details()`, at), nil))
		p.check(t)
	}
	do(t, p.ctx, chromedp.Evaluate(`search.value = "<script>"; find(); page.search.go(-1, false)`, nil))
	p.check(t)
	assert.Positive(t, value[int](t, p.ctx, `document.querySelectorAll("mark").length`))
	do(t, p.ctx, chromedp.Evaluate(`page.foldAll()`, nil))
	p.check(t)
}

// check checks what the page shows now.
func (p *page) check(t *testing.T) {
	t.Helper()
	if wrong := p.wrong.Load(); wrong != nil {
		t.Fatal(*wrong)
	}
	require.Equal(t, "undefined", p.text(`String(window.hit)`), "a script from the log has run")
	require.Equal(t, 1, value[int](t, p.ctx, `document.querySelectorAll("script, iframe, img, svg, object, embed, base").length`), "number of elements that load or run something: the page's own script is the only one")
	require.Zero(t, value[int](t, p.ctx, `performance.getEntriesByType("resource").length`), "number of resources that the page has loaded")
	require.Empty(t, value[[]string](t, p.ctx, `[...document.querySelectorAll("a[href]")].map((a) => a.href).filter((href) => !/^(http:\/\/zipkin\.example\/|file:.*#[0-9a-f]{16,32}$)/.test(href))`))
	shown := value[string](t, p.ctx, `document.title + document.body.textContent`)
	for i, r := range shown {
		if r != '\n' && r != '\t' && !unicode.IsGraphic(r) {
			t.Fatalf("the page shows the character %q in …%q", r, shown[max(0, i-40):min(len(shown), i+40)])
		}
	}
}

// The page's function visible escapes the same characters as the view in the terminal.
func TestVisible(t *testing.T) {
	p := opened(t, draw(t, fleetID, fleet))
	for text, want := range map[string]string{
		"a\x1bb": `a\x1bb`, "\x07\b\v\f\r\n": `\a\b\v\f\r\n`, "\t": "    ", "\u202e": `\u202e`, "\U000e0001": `\U000e0001`, "\u009b": `\u009b`, "\x7f": `\x7f`, "é😀\u0301": "é😀\u0301", "\u00a0": "\u00a0", "\u2028": `\u2028`,
	} {
		v, err := json.Marshal(text)
		require.NoError(t, err)
		assert.Equal(t, want, p.text("visible("+string(v)+")"))
	}
}
