package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"example.com/clew/internal/testkit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// serveEnv is the environment variable that turns this test binary into the demo with -serve. A
// test starts the binary as a child process.
const serveEnv = "CLEW_DEMO_SERVE"

func TestMain(m *testing.M) {
	if os.Getenv(serveEnv) != "" {
		os.Args = []string{"demo", "-serve"}
		main()
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// With each preset, as text and as JSON, the demo recognizes all calls by the lines alone.
func TestDemo(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	for preset := range presets {
		for _, log := range []string{"console", "json"} {
			t.Run(log+" "+preset, func(t *testing.T) {
				var out bytes.Buffer
				page := filepath.Join(t.TempDir(), "demo.html")
				require.NoError(t, run(t.Context(), []string{"-log", log, "-preset", preset, "-html", page}, &out))
				text := out.String()
				// The number of lines varies, because the timer may run once more.
				assert.Regexp(t, `ok: \d+ lines, every one with the ID it should have, and no call missing`, text)
				for _, c := range calls {
					if c.want != "" {
						assert.Contains(t, text, "\n"+c.caller+": "+c.want+"\n")
					}
					assert.Contains(t, text, "\n"+wantOutline(c))
				}
				lines, picture, ok := strings.Cut(text, "\n"+drawn+"\n")
				require.True(t, ok, "the output has no picture of the last trace")
				assert.Equal(t, 1, strings.Count(lines, "seen only in a debug trace"), "number of lines at debug level")
				assert.Equal(t, 1, strings.Count(picture, "DBG seen only in a debug trace media=5\n"), "number of lines at debug level in the picture: %s", picture)
				assert.Contains(t, picture, "7 spans of 3 services, 13 lines, no error\n")
				assert.Equal(t, 2, strings.Count(picture, "[not reported]"), "the picture marks the caller's span, and has a legend: %s", picture)
				assert.NotContains(t, picture, "[guessed]")
				assert.NotContains(t, picture, "remote", "the picture repeats a field that its row shows")
				assert.NotContains(t, text, "\x1b", "the output has colours, but is no terminal")
				assert.Contains(t, picture, "\nthe same as a page, for a browser: "+page+"\n")
				html, err := os.ReadFile(page)
				require.NoError(t, err)
				assert.Equal(t, 13, strings.Count(string(html), `"source": "demo"`)+strings.Count(string(html), `"source":"demo"`), "number of lines in the page")
			})
		}
	}
}

// report finds every fault in the lines.
func TestReportFindsWhatIsWrong(t *testing.T) {
	ids := map[string]string{"1": "1111111111111111", "2": "2222222222222222"}
	const asked = "12:00:00.000000 INF media-api 1111111111111111 asked for media=1 span_id=000000000000000a"
	const request = "12:00:00.000000 INF image-store 1111111111111111 request bytes=0 duration_ms=0 method=GET parent_id=00000000000000c1 path=/images/1 " +
		"remote=10.1.2.3:4711 route=/images/{id} span_id=000000000000000a status=200"
	tests := []struct {
		name, want string
		lines      []string
	}{
		{"line without an ID", `line has the ID ""`, []string{"12:00:00.000000 INF media-api asked for media=1"}},
		{"line with another request's ID", `line has the ID "2222222222222222", want "1111111111111111"`,
			[]string{strings.ReplaceAll(asked, "1111111111111111", "2222222222222222")}},
		{"access line with another request's ID", `line has the ID "2222222222222222"`, []string{strings.ReplaceAll(request, "1111111111111111", "2222222222222222")}},
		{"missing lines", "no headers: 1 lines of media-api, want 5", []string{asked}},
		{"missing calls", "the calls are\n  image-store GET /images/{id} 200\nwant\n  media-api GET", []string{request}},
		{"run with a request's ID", "run 1 has an ID that was used before",
			[]string{"12:00:00.000000 INF media-api 1111111111111111 refresh run=1 span_id=000000000000000a"}},
		{"run without an ID", "timer: line without an ID", []string{"12:00:00.000000 INF refresh run=1"}},
		{"run with two IDs", "run 1 has two IDs", []string{
			"12:00:00.000000 INF media-api 3333333333333333 refresh run=1 span_id=000000000000000a",
			"12:00:00.000000 INF media-api 4444444444444444 refresh run=1 span_id=000000000000000a"}},
		{"run without a last line", "run 1 has no line at its end", []string{
			"12:00:00.000000 INF media-api 3333333333333333 refresh run=1 span_id=000000000000000a",
			"12:00:00.000000 INF media-api 4444444444444444 refresh run=2 span_id=000000000000000a"}},
		{"run of another job", `run 1 has a line of the job "another"`, []string{
			"12:00:00.000000 INF media-api 3333333333333333 refresh run=1 span_id=000000000000000a",
			"12:00:00.000000 INF media-api 3333333333333333 job duration_ms=0 job=another span_id=000000000000000a"}},
		{"line of no request and no run", "line of no request and no run", []string{"12:00:00.000000 INF hello"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			var lines []said
			for _, text := range tt.lines {
				lines = append(lines, parse(text))
			}
			about(lines)
			var texts []string
			for _, err := range report(&out, lines, ids, config{}) {
				texts = append(texts, err.Error())
			}
			assert.Contains(t, strings.Join(texts, "\n"), tt.want)
			assert.NotContains(t, out.String(), "ok:")
		})
	}
}

// notify is a writer that closes seen when text is written.
type notify struct {
	syncWriter
	text string
	seen chan struct{}
}

func (n *notify) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte(n.text)) {
		close(n.seen)
	}
	return n.syncWriter.Write(p)
}

func TestServeAnswersAndDrains(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	zipkin := newCollector(t)
	tests := []struct {
		name   string
		args   []string
		traces int
	}{
		{"without Zipkin", []string{"-serve"}, 0},
		{"with Zipkin", []string{"-serve", "-zipkin", zipkin.URL}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var buf bytes.Buffer
			out := &notify{syncWriter: syncWriter{w: &buf}, text: "Ctrl-C ends it", seen: make(chan struct{})}
			ctx, interrupt := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- run(ctx, tt.args, out) }()
			<-out.seen
			out.mu.Lock()
			url := regexp.MustCompile(`http://\S+/media/`).FindString(buf.String())
			out.mu.Unlock()

			c := calls[1]
			id, recorded, err := send(t.Context(), strings.TrimSuffix(url, "/media/"), c)
			assert.NoError(t, err)
			assert.Equal(t, c.want, id)
			assert.Equal(t, tt.traces == 1, recorded, "the response says that the trace goes to Zipkin")

			interrupt()
			require.NoError(t, <-ended)
			assert.Contains(t, buf.String(), "draining\n")
			assert.True(t, strings.HasSuffix(buf.String(), "\nbye\n"), "the end of the output: %q", buf.String())
			assert.Contains(t, buf.String(), "views counted, after the response")
			assert.Equal(t, tt.traces, strings.Count(buf.String(), zipkin.URL+"/zipkin/traces/<"), "number of lines with the URL of Zipkin's page")
			assert.Len(t, zipkin.traces, tt.traces, "number of traces in Zipkin")
			if tt.traces == 1 {
				assert.Empty(t, faults(zipkin.traces[id], id, c.media, testkit.SpanID, false))
			}
		})
	}
}

// With -html "" the demo writes no page. If it cannot write the page, it fails.
func TestPageFile(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	t.Chdir(t.TempDir())
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), []string{"-html", ""}, &out))
	assert.NotContains(t, out.String(), "for a browser")
	files, err := os.ReadDir(".")
	require.NoError(t, err)
	assert.Empty(t, files)
	assert.ErrorIs(t, run(t.Context(), []string{"-html", "no/such/folder.html"}, &out), os.ErrNotExist)
}

func TestBadFlag(t *testing.T) {
	for _, args := range [][]string{{"-nonsense"}, {"-preset", "theirs"}, {"-log", "xml"}} {
		assert.Error(t, run(t.Context(), args, &bytes.Buffer{}), "%v", args)
	}
}
