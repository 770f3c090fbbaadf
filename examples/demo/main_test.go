package main

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// serveEnv makes this test binary the demo that stays up: the child of a test.
const serveEnv = "CLEW_DEMO_SERVE"

func TestMain(m *testing.M) {
	if os.Getenv(serveEnv) != "" {
		os.Args = []string{"demo", "-serve"}
		main()
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

func TestDemo(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	var out bytes.Buffer
	require.NoError(t, run(t.Context(), nil, &out))

	text := out.String()
	assert.Regexp(t, `ok: \d+ lines, every one with the ID it should have`, text) // the timer may run once more
	for _, c := range calls {
		if c.want != "" {
			assert.Contains(t, text, "\n"+c.caller+": "+c.want+"\n")
		}
	}
	assert.Equal(t, 1, strings.Count(text, "seen only in a debug trace"), "lines at debug level")
}

// A check that finds nothing wrong is worth nothing unless it finds what is.
func TestReportFindsWhatIsWrong(t *testing.T) {
	ids := map[string]string{"1": "1111111111111111", "2": "2222222222222222"}
	tests := []struct {
		name, line, want string
	}{
		{"no ID", "12:00:00.000 INF asked for media=1 service=media-api", `line has the ID ""`},
		{"another's ID", "12:00:00.000 2222222222222222 INF asked for media=1 service=media-api", `line has the ID "2222222222222222", want "1111111111111111"`},
		{"another's ID in an access line", "12:00:00.000 2222222222222222 INF request path=/images/1 service=image-store", `line has the ID "2222222222222222"`},
		{"missing lines", "12:00:00.000 1111111111111111 INF asked for media=1 service=media-api", "no headers: 1 lines of media-api, want 3"},
		{"a run with a request's ID", "12:00:00.000 1111111111111111 INF refresh run=1 service=media-api", "run 1 has an ID that was used before"},
		{"a run without an ID", "12:00:00.000 INF refresh run=1 service=media-api", "timer: line without an ID"},
		{"a line of nobody", "12:00:00.000 INF hello service=media-api", "line that nobody owes"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			var texts []string
			for _, err := range report(&out, []line{parse(tt.line)}, ids) {
				texts = append(texts, err.Error())
			}
			assert.Contains(t, strings.Join(texts, "\n"), tt.want)
			assert.NotContains(t, out.String(), "ok:")
		})
	}
}

// notify tells when a text has been written.
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
		{"alone", []string{"-serve"}, 0},
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
			assert.Equal(t, tt.traces == 1, recorded, "whether its trace goes to Zipkin")

			interrupt()
			require.NoError(t, <-ended)
			assert.Contains(t, buf.String(), "draining\n")
			assert.True(t, strings.HasSuffix(buf.String(), "\nbye\n"), "the end of the output: %q", buf.String())
			assert.Contains(t, buf.String(), "views counted, after the response")
			assert.Equal(t, tt.traces, strings.Count(buf.String(), zipkin.URL+"/zipkin/traces/<"), "where to look")
			assert.Len(t, zipkin.traces, tt.traces, "traces sent")
			if tt.traces == 1 {
				assert.Empty(t, faults(zipkin.traces[id], id, c.media, "a2fb4a1d1a96d312", false))
			}
		})
	}
}

func TestBadFlag(t *testing.T) {
	assert.Error(t, run(t.Context(), []string{"-nonsense"}, &bytes.Buffer{}))
}
