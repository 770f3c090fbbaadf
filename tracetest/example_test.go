package tracetest_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"testing"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"example.com/clew/tracetest"
)

// example is the testing.TB of an example. It prints the errors of a test, without directories and
// line numbers.
type example struct {
	testing.TB
	cleanups []func()
}

var where = regexp.MustCompile(`\S*/([^/\s]+\.go):\d+`)

func (e *example) Error(args ...any) {
	fmt.Println(where.ReplaceAllString(fmt.Sprint(args...), "$1"))
}
func (e *example) Errorf(format string, args ...any) { e.Error(fmt.Sprintf(format, args...)) }
func (e *example) Helper()                           {}
func (e *example) Cleanup(fn func())                 { e.cleanups = append(e.cleanups, fn) }
func (e *example) Setenv(key, value string) {
	before := os.Getenv(key)
	e.Cleanup(func() { os.Setenv(key, before) })
	os.Setenv(key, value)
}

func (e *example) end() {
	for i := len(e.cleanups) - 1; i >= 0; i-- {
		e.cleanups[i]()
	}
}

func ExampleGuard() {
	t := new(example) // the *testing.T of your test
	defer t.end()
	tracetest.Guard(t)

	logger := logctx.New(io.Discard)
	sent := make(chan bool)
	notify := func() {
		logger.Info().Msg("notified") // nobody knows for which request
		close(sent)
	}
	upload := func(w http.ResponseWriter, r *http.Request) {
		logger.Info().Ctx(r.Context()).Msg("stored")
		go notify()
	}
	h := httpmw.New(httpmw.Config{})(http.HandlerFunc(upload))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/media", nil))
	<-sent
	// Output: lost the trace: example.com/clew/tracetest_test.ExampleGuard.func1, example_test.go: log line without a trace, once
}

func ExampleLines() {
	t := new(example)
	defer t.end()

	lines := tracetest.Lines(t)
	logger := logctx.New(lines)
	h := httpmw.New(httpmw.Config{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		logger.Info().Ctx(r.Context()).Msg("stored")
		logger.Info().Ctx(r.Context()).Msg("resized")
	}))
	r := httptest.NewRequest(http.MethodPost, "/media", nil)
	r.Header.Set("b3", "463ac35c9f6413ad-a2fb4a1d1a96d312-1")
	h.ServeHTTP(httptest.NewRecorder(), r)

	fmt.Println(lines.OneTrace())
	lines.EveryLineHas("463ac35c9f6413ad")
	// Output: 463ac35c9f6413ad
}

func ExamplePropagates() {
	t := new(example)
	defer t.end()

	c := httpclient.Wrap(http.DefaultClient, httpclient.Config{})
	get := func(ctx context.Context, client *http.Client, url string) {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			t.Error(err)
			return
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Error(err)
			return
		}
		resp.Body.Close()
	}
	h := httpmw.New(httpmw.Config{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		get(r.Context(), c, "http://image-store.example/put")
		get(r.Context(), http.DefaultClient, "http://network.example/ip") // not wrapped
	}))
	said := new(counter)
	tracetest.Propagates(said, h)
	fmt.Println(said.errors, "of 2 requests went out without the trace")
	said.end()
	// Output: 1 of 2 requests went out without the trace
}

// counter is an example that counts the errors of a test.
type counter struct {
	example
	errors int
}

func (c *counter) Errorf(string, ...any) { c.errors++ }
