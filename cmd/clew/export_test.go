package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// zipkinSpan has the fields of Zipkin's JSON that tests read.
type zipkinSpan struct {
	TraceID, ID, ParentID, Kind string
	Shared                      bool
	LocalEndpoint               struct{ ServiceName string }
	Annotations                 []struct{ Value string }
}

func spansOf(t *testing.T, text []byte) (spans []zipkinSpan) {
	t.Helper()
	require.NoError(t, json.Unmarshal(text, &spans), "%.500s", text)
	return spans
}

// zipkin is a test server that keeps the posts and requests that it gets.
type zipkin struct {
	*httptest.Server
	mu    sync.Mutex
	posts [][]byte
	seen  []*http.Request
}

func newZipkin(t *testing.T, answer http.HandlerFunc) *zipkin {
	z := &zipkin{}
	z.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		z.mu.Lock()
		defer z.mu.Unlock()
		z.posts, z.seen = append(z.posts, body), append(z.seen, r)
		answer(w, r)
	}))
	t.Cleanup(z.Close)
	return z
}

func accept(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusAccepted) }

// The export of each trace of the fleet contains all lines of the trace.
func TestExportFleet(t *testing.T) {
	for _, trace := range fleetTraces {
		r := clew(t, "", "timeline", trace.id, fleet, "-o", "zipkin")
		require.Equal(t, exitFound, r.code, r.err)
		want := treeOf(t, trace.id, fleet)
		reports, notes := 0, 0
		for _, s := range want.Spans {
			if !s.Made {
				reports++
			}
		}
		for _, s := range spansOf(t, []byte(r.out)) {
			assert.Equal(t, trace.id, s.TraceID)
			notes += len(s.Annotations)
		}
		assert.Equal(t, len(want.Lines), notes+reports)
	}
}

// Without an ID, all traces of the list are exported.
func TestExportSeveral(t *testing.T) {
	r := clew(t, "", "timeline", fleet, "-o", "zipkin")
	require.Equal(t, exitFound, r.code, r.err)
	got := map[string]int{}
	for _, s := range spansOf(t, []byte(r.out)) {
		got[s.TraceID]++
	}
	want := map[string]int{}
	for _, trace := range fleetTraces {
		one := clew(t, "", "timeline", trace.id, fleet, "-o", "zipkin")
		want[trace.id] = len(spansOf(t, []byte(one.out)))
	}
	assert.Equal(t, want, got)

	r = clew(t, "", "timeline", fleet, "-o", "zipkin", "--limit", "1")
	assert.Contains(t, r.counts, "2 more traces match than are written: see --limit")
	r = clew(t, "", "timeline", fleet, "-o", "zipkin", "--limit", "1", "--status", "500")
	for _, s := range spansOf(t, []byte(r.out)) {
		assert.Equal(t, fleetTraces[0].id, s.TraceID)
	}
	r = clew(t, "", "timeline", fleet, "-o", "otlp")
	require.Equal(t, exitFound, r.code, r.err)
	for id := range want {
		assert.Contains(t, r.out, fmt.Sprintf("%032s", id))
	}
	r = clew(t, "", "timeline", fleet, "-o", "zipkin", "--service", "nobody")
	assert.Equal(t, exitNothing, r.code)
	assert.Equal(t, "[\n]\n", r.out)
}

func TestExportRefused(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "app.log", logLine(1, id, "one"))
	tests := []struct{ name, args, err string }{
		{"a diagram of a list", "timeline|app.log|-o|mermaid", "-o mermaid shows one trace: say its ID"},
		{"following, and Zipkin's JSON", "timeline|" + id + "|app.log|-f|-o|zipkin", "--follow shows lines as they come"},
		{"following and sending", "timeline|" + id + "|app.log|-f|--send|http://127.0.0.1:1", "--follow shows lines as they come"},
		{"no URL", "timeline|" + id + "|app.log|--send|zipkin:9411", "--send wants a URL"},
		{"a script as the URL", "timeline|" + id + "|app.log|--send|javascript://x", "--send wants a URL"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := clew(t, "", strings.Split(test.args, "|")...)
			assert.Equal(t, exitUsage, r.code)
			assert.True(t, strings.HasPrefix(r.err, "clew: "+test.err), r.err)
			assert.Empty(t, r.out)
		})
	}
}

func TestSend(t *testing.T) {
	for _, path := range []string{"", "/", "/zipkin", "/zipkin/", "/api/v2/spans", "/zipkin/traces/463ac35c9f6413ad", "/zipkin/?serviceName=x", "/api/v2/spans?x=y"} {
		z := newZipkin(t, accept)
		r := clew(t, "", "timeline", fleetTraces[0].id, fleet, "--send", z.URL+path)
		require.Equal(t, exitFound, r.code, r.err)
		require.Len(t, z.posts, 1)
		assert.Equal(t, "/api/v2/spans", z.seen[0].URL.Path)
		assert.Equal(t, "application/json", z.seen[0].Header.Get("Content-Type"))
		for name := range z.seen[0].Header {
			assert.NotRegexp(t, `(?i)b3|trace`, name, "no header has a trace, because Zipkin would report the post")
		}
		want := clew(t, "", "timeline", fleetTraces[0].id, fleet, "-o", "zipkin")
		assert.JSONEq(t, want.out, string(z.posts[0]))
		assert.Equal(t, fmt.Sprintf("clew: sent %d spans to %s/api/v2/spans\n", len(spansOf(t, z.posts[0])), z.URL), r.err)
		assert.Contains(t, r.out, "GET /basket/{id}", "the tree is shown all the same")
	}
	z := newZipkin(t, accept)
	r := clew(t, "", "timeline", fleet, "--send", strings.Replace(z.URL, "http://", "http://me:secret@", 1))
	require.Equal(t, exitFound, r.code, r.err)
	assert.Contains(t, r.out, "3 traces", "the list is shown all the same")
	require.Len(t, z.posts, 1, "several traces are sent in one post")
	user, password, _ := z.seen[0].BasicAuth()
	assert.Equal(t, "me secret", user+" "+password)
	assert.NotContains(t, r.err, "secret")

	r = clew(t, "", "timeline", "ffffffffffffffff", fleet, "--send", z.URL)
	assert.Equal(t, exitNothing, r.code)
	assert.Len(t, z.posts, 1, "there was nothing to send")
}

// A large trace is sent in several posts, because servers limit the size of a post. After a post
// that fails, no other post is sent.
func TestSendMuch(t *testing.T) {
	const spans, most = 2_000, 100_000
	var b strings.Builder
	for i := range spans {
		fmt.Fprintf(&b, `{"trace_id":"%s","message":"request","service":"shop","span_id":"%016x","status":200,"duration_ms":5,"method":"GET","path":"/%s"}`+"\n", id, i+1, strings.Repeat("x", 150))
	}
	e := engineOf(t, askedOne, view{}, b.String())
	deliver := func(answer http.HandlerFunc) (z *zipkin, problems []error, said string) {
		z = newZipkin(t, answer)
		s, err := (&timelineCommand{Send: z.URL}).sender()
		require.NoError(t, err)
		assert.Equal(t, 4<<20, s.most, "Zipkin's server accepts 10 MB")
		s.most = most
		var text bytes.Buffer
		problems = s.deliver(t.Context(), streams{err: &text}, e.trees())
		return z, problems, text.String()
	}

	z, problems, said := deliver(accept)
	assert.Empty(t, problems)
	assert.Contains(t, said, "sent 2000 spans")
	assert.Greater(t, len(z.posts), 3)
	ids := map[string]bool{}
	for _, post := range z.posts {
		assert.LessOrEqual(t, len(post), most+2, "length of a post, of which two bytes are brackets")
		for _, s := range spansOf(t, post) {
			ids[s.ID] = true
		}
	}
	assert.Len(t, ids, spans)

	n := 0
	z, problems, said = deliver(func(w http.ResponseWriter, r *http.Request) {
		if n++; n == 2 {
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	require.Len(t, problems, 1)
	assert.Regexp(t, `answered 500 Internal Server Error \(\d+ spans were sent before\)\n`, said)
	assert.Len(t, z.posts, 2, "no post after the one that failed")
}

func TestSendFails(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "app.log", logLine(1, id, "one"))
	tests := []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"refused", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "\x1b[31mCannot read\x07 spans"+strings.Repeat("x", 5000), http.StatusBadRequest)
		}, `answered 400 Bad Request: \x1b[31mCannot read\a spans`},
		{"redirected", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/login", http.StatusMovedPermanently)
		}, "answered 301 Moved Permanently"},
		{"broken off", func(w http.ResponseWriter, _ *http.Request) { panic(http.ErrAbortHandler) }, "EOF"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			z := newZipkin(t, test.answer)
			z.Config.ErrorLog = nil
			r := clew(t, "", "timeline", id, "app.log", "--send", z.URL)
			assert.Equal(t, exitIncomplete, r.code)
			assert.Contains(t, r.err, test.want)
			assert.Less(t, len(r.err), 1000)
			assertPlain(t, r.err)
			assert.Contains(t, r.out, "one", "the answer is shown all the same")
		})
	}
	r := clew(t, "", "timeline", id, "app.log", "--send", "http://127.0.0.1:1", "-v")
	assert.Equal(t, exitIncomplete, r.code)
	assert.Equal(t, "of 1 line read: 1 of the trace", r.counts)
	assert.Contains(t, r.err, "connection refused")
}

// If Ctrl-C ends the reading, nothing is sent, because a part of the trace would look like the
// whole.
func TestSendInterrupted(t *testing.T) {
	z := newZipkin(t, accept)
	ctx, stop := context.WithCancel(context.Background())
	in := stopping{strings.NewReader(logLine(1, id, "one")), stop}
	var out, said bytes.Buffer
	code := run(ctx, []string{"timeline", id, "--send", z.URL}, in, &out, &said)
	assert.Equal(t, exitInterrupted, code, said.String())
	assert.Contains(t, said.String(), "nothing was sent to http://127.0.0.1:")
	assert.Empty(t, z.posts)
}

// If Ctrl-C comes while clew waits for Zipkin's answer, the exit code is the one of Ctrl-C.
func TestSendInterruptedLate(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	z := newZipkin(t, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		stop()
		<-r.Context().Done()
	})
	var out, said bytes.Buffer
	code := run(ctx, []string{"timeline", id, "--send", z.URL}, strings.NewReader(logLine(1, id, "one")), &out, &said)
	assert.Equal(t, exitInterrupted, code, said.String())
	assert.Contains(t, said.String(), "clew: not all was sent: ")
}

// stopping is a reader that calls stop at its end.
type stopping struct {
	io.Reader
	stop func()
}

func (s stopping) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	if err != nil {
		s.stop()
	}
	return n, err
}

// With each output format, standard error has the counts of what was read.
func TestCounts(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "app.log", logLine(1, id, "one")+logLine(2, other, "two")+"{broken\n"+`{"trace_id":"`+id+`","message":"late"}`+"\n")
	for _, output := range []string{"text", "json", "zipkin", "otlp", "mermaid"} {
		r := clew(t, "", "timeline", id, "app.log", "-o", output)
		assert.Equal(t, "of 4 lines read: 2 of the trace, 1 without a trace ID, 2 without a time, 1 not understood", r.counts, output)
		assert.Equal(t, exitFound, r.code)
		r = clew(t, "", "timeline", id, "app.log", "none.log", "-o", output, "--strict")
		assert.Equal(t, "of 4 lines read: 2 of the trace, 1 without a trace ID, 2 without a time, 1 not understood, 1 source not read to its end", r.counts, output)
		assert.Equal(t, exitIncomplete, r.code)
	}
	for _, output := range []string{"text", "json", "zipkin", "otlp"} {
		r := clew(t, "", "timeline", "app.log", "-o", output)
		assert.Equal(t, "of 4 lines read: 1 without a trace ID, 2 without a time, 1 not understood", r.counts, output)
	}
	assert.Equal(t, "1 line read", clew(t, logLine(1, id, "one"), "timeline", "-v").counts)
	assert.Empty(t, clew(t, logLine(1, id, "one"), "timeline").counts, "no counts if nothing is missing")
}
