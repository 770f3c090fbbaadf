package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/clew/internal/testkit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// span holds the fields of Zipkin's v2 JSON that the tests check.
type span struct {
	TraceID, ParentID, ID, Kind, Name string
	Timestamp, Duration               int64
	Debug                             bool
	LocalEndpoint                     struct{ ServiceName string }
	Tags                              map[string]string
}

// String returns the service, the kind, the name and the path of the span. The path is needed
// because every client span has the name "get".
func (s span) String() string {
	text := s.LocalEndpoint.ServiceName + " " + s.Kind + " " + s.Name
	if url, ok := s.Tags["url.full"]; ok {
		_, path, _ := strings.Cut(strings.TrimPrefix(url, "http://"), "/")
		text += " /" + path
	}
	return text
}

// faults returns the faults in the trace of a request for media. The parameter parent is the ID of
// the caller's span, or "" if the request had none.
func faults(trace []span, id, media, parent string, debug bool) []string {
	var faults []string
	failf := func(format string, args ...any) { faults = append(faults, fmt.Sprintf(format, args...)) }
	byID := map[string]span{}
	for _, s := range trace {
		byID[s.ID] = s
	}
	var ways []string // for each span, the path from the root
	for _, s := range trace {
		if s.TraceID != id {
			failf("%s has trace ID %q, want %q", s, s.TraceID, id)
		}
		if s.Debug != debug {
			failf("%s has debug %t", s, s.Debug)
		}
		if s.Duration < 1 {
			failf("%s has duration %d", s, s.Duration)
		}
		http := !strings.EqualFold(s.Name, "GetItem")
		if http && s.Tags["http.request.method"] != "GET" || http && s.Tags["http.response.status_code"] != "200" {
			failf("%s has tags %v", s, s.Tags)
		}
		if s.Kind == "SERVER" && !strings.EqualFold(s.Name, s.Tags["http.request.method"]+" "+s.Tags["http.route"]) {
			failf("%s has route %q", s, s.Tags["http.route"])
		}
		if s.Kind == "SERVER" && !strings.HasSuffix(s.Tags["url.path"], "/"+media) {
			failf("%s has path %q", s, s.Tags["url.path"])
		}
		way := s.String()
		if p, ok := byID[s.ParentID]; ok {
			// The test does not compare ends: see outlasts in integration_test.go. Both durations
			// are cut to microseconds, hence the + 1.
			if s.Timestamp < p.Timestamp || s.Duration > p.Duration+1 {
				failf("%s begins at %d and lasts %d, its parent from %d for %d", s, s.Timestamp, s.Duration, p.Timestamp, p.Duration)
			}
		}
		at := s
		for range trace {
			p, ok := byID[at.ParentID]
			if !ok {
				break
			}
			way, at = p.String()+" > "+way, p
		}
		if at.ParentID != parent {
			failf("%s: its root has the parent %q, want %q", s, at.ParentID, parent)
		}
		ways = append(ways, way)
	}
	slices.Sort(ways)
	root := "media-api SERVER get /media/{id}"
	want := []string{
		root,
		root + " > media-api CLIENT get /bandwidth/" + media,
		root + " > media-api CLIENT get /bandwidth/" + media + " > network-information SERVER get /bandwidth/{id}",
		root + " > media-api CLIENT get /images/" + media,
		root + " > media-api CLIENT get /images/" + media + " > image-store SERVER get /images/{id}",
		root + " > media-api CLIENT get /images/" + media + " > image-store SERVER get /images/{id} > image-store CLIENT getitem",
	}
	if !slices.Equal(want, ways) {
		failf("spans are\n\t%s\nwant\n\t%s", strings.Join(ways, "\n\t"), strings.Join(want, "\n\t"))
	}
	return faults
}

// collector is the part of Zipkin that accepts spans.
type collector struct {
	*httptest.Server
	mu     sync.Mutex
	traces map[string][]span
	errs   []error
}

func newCollector(t *testing.T) *collector {
	c := &collector{traces: map[string][]span{}}
	c.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var spans []span
		body, err := gzip.NewReader(r.Body)
		if err == nil {
			err = json.NewDecoder(body).Decode(&spans)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if err != nil || r.URL.Path != "/api/v2/spans" {
			c.errs = append(c.errs, fmt.Errorf("POST %s: %w", r.URL.Path, err))
		}
		for _, s := range spans {
			c.traces[s.TraceID] = append(c.traces[s.TraceID], s)
		}
		w.WriteHeader(http.StatusAccepted)
	}))
	t.Cleanup(func() {
		c.Close()
		assert.Empty(t, c.errs, "bad posts of spans")
	})
	return c
}

func TestDemoSendsSpans(t *testing.T) {
	tests := []struct {
		name  string
		ratio string
		want  []string // the callers whose trace is sent
	}{
		{"ratio of 1", "1", []string{"no headers", "64-bit X-B3-*", "128-bit b3", "debug"}},
		{"ratio of 0: only traces for which a caller has decided", "0", []string{"64-bit X-B3-*", "debug"}},
	}
	// A caller that has not decided has not reported its span, so that span is no parent.
	parents := map[string]string{"64-bit X-B3-*": testkit.SpanID, "debug": testkit.SpanID}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			defer http.DefaultClient.CloseIdleConnections()
			zipkin := newCollector(t)
			var out bytes.Buffer
			require.NoError(t, run(t.Context(), []string{"-html", "", "-zipkin", zipkin.URL, "-ratio", tt.ratio}, &out))

			_, pages, _ := strings.Cut(out.String(), "\nin Zipkin:\n")
			var got []string
			for _, c := range calls {
				_, id, ok := strings.Cut(pages, "  "+c.caller+": "+zipkin.URL+"/zipkin/traces/")
				if !ok {
					continue
				}
				got = append(got, c.caller)
				id, _, _ = strings.Cut(id, "\n")
				assert.Empty(t, faults(zipkin.traces[id], id, c.media, parents[c.caller], c.debug), c.caller)
			}
			assert.Equal(t, tt.want, got, "callers with a page in Zipkin")
			assert.Len(t, zipkin.traces, len(tt.want), "number of traces in Zipkin")
		})
	}
}

// Without -zipkin the environment turns spans on and off. In any case, run checks that the lines
// are right.
func TestDemoAsksTheEnvironment(t *testing.T) {
	zipkin := newCollector(t)
	for _, tt := range []struct {
		name string
		vars map[string]string
		// traces is the number of traces that are sent. If the callers decide alone, it is 2. If
		// all traces are sampled except the denied one, it is 4.
		traces int
	}{
		{"no variables", nil, 0},
		{"endpoint", map[string]string{"OTEL_EXPORTER_ZIPKIN_ENDPOINT": zipkin.URL, "OTEL_TRACES_SAMPLER": "always_off"}, 2},
		{"endpoint and sampler", map[string]string{"OTEL_EXPORTER_ZIPKIN_ENDPOINT": zipkin.URL, "OTEL_TRACES_SAMPLER": "always_on"}, 4},
		{"endpoint and another exporter", map[string]string{"OTEL_EXPORTER_ZIPKIN_ENDPOINT": zipkin.URL, "OTEL_TRACES_EXPORTER": "otlp"}, 0},
		{"endpoint and disabled SDK", map[string]string{"OTEL_EXPORTER_ZIPKIN_ENDPOINT": zipkin.URL, "OTEL_SDK_DISABLED": "true"}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer http.DefaultClient.CloseIdleConnections()
			clear(zipkin.traces)
			for name, value := range tt.vars {
				t.Setenv(name, value)
			}
			require.NoError(t, run(t.Context(), []string{"-html", ""}, io.Discard))
			assert.Len(t, zipkin.traces, tt.traces, "number of traces in Zipkin")
		})
	}
}

// If spans are lost, the demo fails, but its requests do not.
func TestDemoWithoutCollector(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	zipkin := httptest.NewServer(nil)
	zipkin.Close()
	var out bytes.Buffer
	err := sendAndCheck(t.Context(), &out, config{zipkin: zipkin.URL, ratio: 1, drain: time.Second})
	for _, lost := range []string{
		"media-api: zipkin: 12 of 12 spans lost",
		"network-information: zipkin: 4 of 4 spans lost",
		"image-store: zipkin: 8 of 8 spans lost",
	} {
		assert.ErrorContains(t, err, lost)
	}
	assert.Contains(t, out.String(), "\nok: ", "the lines of the requests are right")
	assert.NotContains(t, out.String(), "in Zipkin")
}

// The demo also sends the spans of requests that end while it shuts down.
func TestSpansOfWhatIsDrained(t *testing.T) {
	defer http.DefaultClient.CloseIdleConnections()
	zipkin := newCollector(t)
	log := &notify{syncWriter: syncWriter{w: io.Discard}, text: "asked for", seen: make(chan struct{})}
	s, err := start(log, time.Hour, config{zipkin: zipkin.URL, ratio: 1, drain: 5 * time.Second})
	require.NoError(t, err, "start")

	// This request waits for network-information, which waits for its pool.
	release := make(chan struct{})
	for range 4 {
		require.NoError(t, s.pool.Go(t.Context(), func(context.Context) { <-release }), "Pool.Go")
	}
	answered := make(chan error)
	go func() {
		_, _, err := send(t.Context(), s.mediaURL, calls[1])
		answered <- err
	}()
	<-log.seen
	ended := make(chan error)
	go func() { ended <- s.shutdown() }()
	for { // waits until the server no longer listens
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.mediaURL, "http://"))
		if err != nil {
			break
		}
		conn.Close()
	}
	close(release)

	assert.NoError(t, <-answered, "answer to the request")
	assert.NoError(t, <-ended, "shutdown")
	id := calls[1].want
	assert.Empty(t, faults(zipkin.traces[id], id, calls[1].media, testkit.SpanID, false))
}

// Even if tasks use up their whole timeout, there is time for the spans.
func TestSpansHaveTimeOfTheirOwn(t *testing.T) {
	zipkin := newCollector(t)
	// The drain must be long enough even on a busy machine.
	s, err := start(io.Discard, time.Hour, config{zipkin: zipkin.URL, ratio: 1, drain: 3 * time.Second})
	require.NoError(t, err, "start")
	_, span := s.spans["media-api"].Tracer("test").Start(t.Context(), "work")
	span.End()
	release := make(chan struct{})
	defer close(release)
	require.NoError(t, s.pool.Go(t.Context(), func(context.Context) { <-release }), "Pool.Go")

	err = s.shutdown()
	assert.ErrorContains(t, err, "workerpool: shutdown")
	assert.NotContains(t, err.Error(), "spans lost")
	assert.Len(t, zipkin.traces, 1, "number of traces in Zipkin")
}

func TestBadZipkinFlags(t *testing.T) {
	tests := []struct {
		name, want string
		args       []string
	}{
		{"-zipkin is not a URL", "Endpoint is not", []string{"-zipkin", "localhost:9411"}},
		{"-ratio is above 1", "ratio 2 is not between 0 and 1", []string{"-zipkin", "http://127.0.0.1:9411", "-ratio", "2"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.ErrorContains(t, run(t.Context(), tt.args, io.Discard), tt.want)
		})
	}
}

// The URL of a trace's page contains no password, because the demo prints it.
func TestPage(t *testing.T) {
	tests := []struct {
		name, zipkin string
	}{
		{"URL without a path", "https://zipkin.example"},
		{"URL with a slash", "https://zipkin.example/"},
		{"URL for spans", "https://zipkin.example/api/v2/spans"},
		{"URL with a password", "https://user:password@zipkin.example"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Equal(t, "https://zipkin.example/zipkin/traces/"+testkit.ID64, config{zipkin: tt.zipkin}.page(testkit.ID64))
		})
	}
}

// faults finds each fault in a trace that is otherwise correct.
func TestFaultsFindsWhatIsWrong(t *testing.T) {
	const id, caller = testkit.ID64, "00000000000000c0"
	whole := func() []span {
		at := func(service, kind, name, parent, own string, begin, lasts int64, tags ...string) span {
			s := span{TraceID: id, ParentID: parent, ID: own, Kind: kind, Name: name, Timestamp: begin, Duration: lasts,
				Tags: map[string]string{"http.request.method": "GET", "http.response.status_code": "200"}}
			s.LocalEndpoint.ServiceName = service
			for i := 0; i < len(tags); i += 2 {
				s.Tags[tags[i]] = tags[i+1]
			}
			return s
		}
		return []span{
			at("media-api", "SERVER", "get /media/{id}", caller, "a", 100, 100, "http.route", "/media/{id}", "url.path", "/media/7"),
			at("media-api", "CLIENT", "get", "a", "b", 110, 20, "url.full", "http://127.0.0.1:1/bandwidth/7"),
			at("network-information", "SERVER", "get /bandwidth/{id}", "b", "c", 112, 5, "http.route", "/bandwidth/{id}", "url.path", "/bandwidth/7"),
			at("media-api", "CLIENT", "get", "a", "d", 140, 20, "url.full", "http://127.0.0.1:2/images/7"),
			at("image-store", "SERVER", "get /images/{id}", "d", "e", 142, 5, "http.route", "/images/{id}", "url.path", "/images/7"),
			at("image-store", "CLIENT", "getitem", "e", "g", 143, 2),
		}
	}
	require.Empty(t, faults(whole(), id, "7", caller, false), "faults of a correct trace")
	tests := []struct {
		name, want string
		change     func([]span) []span
	}{
		{"no spans", "spans are", func([]span) []span { return nil }},
		{"missing span", "spans are", func(s []span) []span { return s[:5] }},
		{"span twice", "spans are", func(s []span) []span { return append(s, s[5]) }},
		{"another service", "spans are", func(s []span) []span { s[2].LocalEndpoint.ServiceName = "media-api"; return s }},
		{"another kind", "spans are", func(s []span) []span { s[1].Kind = ""; return s }},
		{"another parent", "spans are", func(s []span) []span { s[4].ParentID = "b"; return s }},
		{"parent that is not in the trace", `has the parent "f"`, func(s []span) []span { s[3].ParentID = "f"; return s }},
		{"root without a parent", `has the parent "", want "00000000000000c0"`, func(s []span) []span { s[0].ParentID = ""; return s }},
		{"cycle", `has the parent`, func(s []span) []span { s[0].ParentID = "e"; return s }},
		{"another trace", "has trace ID", func(s []span) []span { s[1].TraceID = "0000000000000000" + id; return s }},
		{"debug set", "has debug true", func(s []span) []span { s[1].Debug = true; return s }},
		{"no duration", "has duration 0", func(s []span) []span { s[2].Duration = 0; return s }},
		{"begins before its parent", "its parent from", func(s []span) []span { s[2].Timestamp = 109; return s }},
		{"lasts longer than its parent", "its parent from", func(s []span) []span { s[2].Duration = 22; return s }},
		{"wrong status", "has tags", func(s []span) []span { s[1].Tags["http.response.status_code"] = "500"; return s }},
		{"no method", "has tags", func(s []span) []span { delete(s[1].Tags, "http.request.method"); return s }},
		{"wrong route", "has route", func(s []span) []span { s[0].Tags["http.route"] = "/media/7"; return s }},
		{"wrong path", "has path", func(s []span) []span { s[0].Tags["url.path"] = "/media/8"; return s }},
		{"wrong URL", "spans are", func(s []span) []span { s[1].Tags["url.full"] = "http://127.0.0.1:1/bandwidth/8"; return s }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			assert.Contains(t, strings.Join(faults(tt.change(whole()), id, "7", caller, false), "\n"), tt.want)
		})
	}
}
