package adapters_test

import (
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/clew/zipkin"
)

// span holds the fields of a span in Zipkin's JSON that tests check.
type span struct {
	TraceID  string `json:"traceId"`
	ParentID string `json:"parentId"`
	ID       string `json:"id"`
	Kind     string `json:"kind"`
	Name     string `json:"name"`
	Start    int64  `json:"timestamp"`
	Debug    bool   `json:"debug"`
	Local    struct {
		Service string `json:"serviceName"`
	} `json:"localEndpoint"`
	Remote struct {
		Service string `json:"serviceName"`
		IPv4    string `json:"ipv4"`
		Port    int    `json:"port"`
	} `json:"remoteEndpoint"`
	Tags map[string]string `json:"tags"`

	level int // the span's indentation in tree
}

// shown reports whether tree shows s: it has a kind, such as client or server, or it is the first
// span of its trace.
func (s span) shown() bool { return s.Kind != "" || s.level == 0 }

// collector is a Zipkin server that keeps the spans that it gets.
type collector struct {
	*httptest.Server
	mu       sync.Mutex
	received []span
}

func newCollector() *collector {
	c := new(collector)
	c.Server = httptest.NewServer(c)
	return c
}

func (c *collector) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var got []span
	body, err := gzip.NewReader(r.Body)
	if err == nil {
		err = json.NewDecoder(body).Decode(&got)
	}
	if err != nil || r.URL.Path != "/api/v2/spans" {
		http.Error(w, "not spans", http.StatusBadRequest)
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.received = append(c.received, got...)
	w.WriteHeader(http.StatusAccepted)
}

// spans returns the spans that have arrived. Each span is followed by its children, in the order
// of their start times.
func (c *collector) spans() (ordered []span) {
	c.mu.Lock()
	defer c.mu.Unlock()
	slices.SortStableFunc(c.received, func(a, b span) int { return cmp.Compare(a.Start, b.Start) })
	var add func(s span, level int)
	add = func(s span, level int) {
		s.level = level
		ordered = append(ordered, s)
		if s.shown() {
			level++
		}
		for _, child := range c.received {
			if child.TraceID == s.TraceID && child.ParentID == s.ID {
				add(child, level)
			}
		}
	}
	for _, s := range c.received {
		if !slices.ContainsFunc(c.received, func(parent span) bool { return parent.TraceID == s.TraceID && parent.ID == s.ParentID }) {
			add(s, 0)
		}
	}
	return ordered
}

// print prints the tree of the spans that have arrived.
func (c *collector) print() { fmt.Println(strings.Join(tree(c.spans()), "\n")) }

// tree returns a line for each span that is shown. A line contains the service, the name and the
// called service, as Zipkin's graph does. A span whose parent has not arrived is the root of a
// tree.
func tree(spans []span) (lines []string) {
	for _, s := range spans {
		if !s.shown() {
			continue
		}
		line := strings.Repeat("  ", s.level) + s.Local.Service + ": " + s.Name
		if s.Remote.Service != "" {
			line += " -> " + s.Remote.Service
		}
		lines = append(lines, line)
	}
	return lines
}

// provider returns a provider as a program's main makes it, except that it samples all traces.
func provider(service string, to *collector) *zipkin.Provider {
	tp, err := zipkin.NewProvider(zipkin.Config{Service: service, Endpoint: to.URL, Ratio: 1})
	check(err)
	return tp
}

// shutDown shuts providers down as a program's main should. It uses its own timeout, because
// main's context has ended by then. It checks the error, which contains the number of lost spans.
func shutDown(providers ...*zipkin.Provider) {
	for _, tp := range providers {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		check(tp.Shutdown(ctx))
	}
}

// answer returns a handler that answers every request with body.
func answer(body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, body) })
}
