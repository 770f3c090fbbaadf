package peers_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// clew doctor ignores the lines that were in a log before it started, even if they look like lines
// of its canaries.
func TestOldLines(t *testing.T) {
	t.Parallel()
	file, err := os.OpenFile(filepath.Join(t.TempDir(), "service.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	require.NoError(t, err)
	t.Cleanup(func() { file.Close() })
	old := bufio.NewWriter(file)
	for i := range 100_000 {
		fmt.Fprintf(old, `{"time":"2026-11-26T10:11:12Z","level":"info","trace_id":"%032x","span_id":"%016x","message":"handled"}`+"\n", i+1, i+1)
	}
	require.NoError(t, old.Flush())
	r := asJSON(t, "--logs", file.Name(), named("clew").serve(t, file))
	assert.Equal(t, 0, r.code)
	require.Len(t, r.Targets, 1)
	assert.Equal(t, map[string]int{"adopted": 14}, r.Targets[0].kinds("logs"))
}

// clew doctor also reads lines from standard input, as from kubectl logs -f.
func TestStandardInput(t *testing.T) {
	t.Parallel()
	lines, log, err := os.Pipe()
	require.NoError(t, err)
	t.Cleanup(func() { lines.Close(); log.Close() })
	ctx, cancel := context.WithTimeout(t.Context(), fails)
	defer cancel()
	command := exec.CommandContext(ctx, clew, "doctor", named("otelhttp").serve(t, log), "--logs", "-")
	command.Stdin, command.Env = lines, environment()
	r := finished(t, command)
	assert.Equal(t, 1, r.code)
	assert.Contains(t, r.out, "padded, in its lines: 6 of 6")
}

// One run can examine several services with one listener.
func TestTwoTargets(t *testing.T) {
	t.Parallel()
	here := free(t)
	to := func(name string) string {
		return named(name).serve(t, io.Discard) + "/call?to=" + url.QueryEscape("http://"+here+"/")
	}
	r := asJSON(t, "--listen", here, to("otelhttp"), to("clew"), to("none"))
	assert.Equal(t, 1, r.code)
	require.Len(t, r.Targets, 3)
	for i, verdict := range []string{"padded", "adopted", "dropped"} {
		assert.Equal(t, verdict, r.Targets[i].Verdict, "%+v", r.Targets[i])
	}
}

// A proxy may remove the trace. clew doctor recognizes the proxy's calls by the User-Agent header,
// which the proxy passes on.
func TestStrippingProxy(t *testing.T) {
	t.Parallel()
	here := free(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		maps.DeleteFunc(r.Header, func(name string, _ []string) bool { return slices.Contains(tracing, name) })
		passOn(w, r)
	}))
	t.Cleanup(server.Close)
	r := asJSON(t, "--listen", here, server.URL+"/call?to="+url.QueryEscape("http://"+here+"/"))
	assert.Equal(t, 1, r.code)
	require.Len(t, r.Targets, 1)
	assert.Equal(t, map[string]int{"dropped!": 17}, r.Targets[0].kinds("sent on"))
}

// calls returns a service that sends a request with each of these clients, in order.
func calls(here string, clients ...*http.Client) http.Handler {
	return httpmw.New(httpmw.Config{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for i, client := range clients {
			call, _ := http.NewRequestWithContext(r.Context(), http.MethodGet, fmt.Sprintf("http://%s/%d", here, i), nil)
			if answer, err := client.Do(call); err == nil {
				answer.Body.Close()
			}
		}
	}))
}

// clew doctor notices if only one of a service's two clients sends the trace.
func TestTwoClients(t *testing.T) {
	t.Parallel()
	here := free(t)
	with, without := httpclient.Wrap(&http.Client{}, httpclient.Config{}), &http.Client{}
	for _, test := range []struct {
		name    string
		clients []*http.Client
		verdict string
	}{
		{"both clients send the trace", []*http.Client{with, with}, "adopted"},
		{"only the first client sends the trace", []*http.Client{with, without}, "dropped"},
		{"only the second client sends the trace", []*http.Client{without, with}, "dropped"},
	} {
		t.Run(test.name, func(t *testing.T) {
			service := httptest.NewServer(calls(here, test.clients...))
			t.Cleanup(service.Close)
			r := asJSON(t, "--listen", here, service.URL)
			require.Len(t, r.Targets, 1)
			assert.Equal(t, test.verdict, r.Targets[0].Verdict, "%+v", r.Targets[0])
		})
	}
}

// Other programs call the listener, with other traces and without. Their calls do not affect the
// verdict.
func TestNoise(t *testing.T) {
	for name, verdict := range map[string]string{"clew": "adopted", "otelhttp": "padded", "clew, TrustNone": "restarted", "none": "dropped"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			here := free(t)
			ctx, cancel := context.WithCancel(t.Context())
			var noise sync.WaitGroup
			noise.Go(func() {
				for i := 0; ctx.Err() == nil; i++ {
					call, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+here+"/health", nil)
					call.Header.Set("User-Agent", "kube-probe/1.31")
					if i%2 == 0 {
						single(id128 + "-" + spanID + "-1").addTo(call.Header)
					}
					if answer, err := http.DefaultClient.Do(call); err == nil {
						io.Copy(io.Discard, answer.Body)
						answer.Body.Close()
					}
					<-time.After(20 * time.Millisecond)
				}
			})
			r := asJSON(t, "--listen", here, named(name).serve(t, io.Discard)+"/call?to="+url.QueryEscape("http://"+here+"/"))
			cancel()
			noise.Wait()
			require.Len(t, r.Targets, 1)
			assert.Equal(t, verdict, r.Targets[0].Verdict, "%+v", r.Targets[0])
		})
	}
}

// A server that copies the request's headers into its response has not adopted the trace.
func TestEcho(t *testing.T) {
	for _, names := range [][]string{{"X-B3-TraceId"}, {"b3"}, {"b3", "X-B3-TraceId", "X-B3-SpanId", "X-B3-Sampled", "traceparent"}} {
		t.Run(strings.Join(names, " "), func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				for _, name := range names {
					if value := r.Header.Get(name); value != "" {
						w.Header().Set(name, value)
					}
				}
			}))
			t.Cleanup(server.Close)
			r := asJSON(t, server.URL)
			require.Len(t, r.Targets, 1)
			assert.Equal(t, "echoed", r.Targets[0].Verdict, "%+v", r.Targets[0])
		})
	}
}

// If a rate limit in front of a service answers, the answers have no ID and show nothing about the
// service. So the verdict is unknown.
func TestLimited(t *testing.T) {
	t.Parallel()
	var requests atomic.Int64
	service := named("clew").handler(t, io.Discard)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) > 5 {
			w.WriteHeader(http.StatusTooManyRequests)
			return
		}
		service.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	r := asJSON(t, server.URL)
	assert.Equal(t, 3, r.code)
	require.Len(t, r.Targets, 1)
	assert.Equal(t, map[string]int{"adopted": 4, "not seen": 10}, r.Targets[0].kinds("response"))
	assert.Contains(t, r.out, "429")
}

// Every other request goes to an instance of the service without tracing.
func TestTwoVersions(t *testing.T) {
	t.Parallel()
	here := free(t)
	var requests atomic.Int64
	versions := []http.Handler{named("clew").handler(t, io.Discard), named("none").handler(t, io.Discard)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		versions[requests.Add(1)%2].ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	r := asJSON(t, "--listen", here, server.URL+"/call?to="+url.QueryEscape("http://"+here+"/"))
	assert.Equal(t, 1, r.code)
	require.Len(t, r.Targets, 1)
	assert.Equal(t, "dropped", r.Targets[0].Verdict)
	kinds := r.Targets[0].kinds("sent on")
	assert.Positive(t, kinds["adopted"], "%v", kinds)
	assert.Positive(t, kinds["dropped!"], "%v", kinds)
}

// A call that arrives after the answer still counts as a call of the canary.
func TestLateCalls(t *testing.T) {
	t.Parallel()
	here := free(t)
	var late sync.WaitGroup
	t.Cleanup(late.Wait)
	client := httpclient.Wrap(&http.Client{}, httpclient.Config{})
	server := httptest.NewServer(httpmw.New(httpmw.Config{})(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := trace.Detach(r.Context())
		late.Go(func() {
			<-time.After(100 * time.Millisecond)
			call, _ := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+here+"/", nil)
			if answer, err := client.Do(call); err == nil {
				answer.Body.Close()
			}
		})
	})))
	t.Cleanup(server.Close)
	r := asJSON(t, "--listen", here, server.URL)
	assert.Equal(t, 0, r.code)
	require.Len(t, r.Targets, 1)
	assert.Equal(t, "adopted", r.Targets[0].Verdict)
	assert.Equal(t, 15, r.Targets[0].kinds("sent on")["adopted"])
}

// Connections to the listener that send nothing, or never end, do not stop clew doctor.
func TestListenerIsBusy(t *testing.T) {
	t.Parallel()
	here := free(t)
	ctx, cancel := context.WithCancel(t.Context())
	var others sync.WaitGroup
	for i := range 50 {
		others.Go(func() {
			for ctx.Err() == nil {
				conn, err := net.Dial("tcp", here)
				if err != nil {
					<-time.After(time.Millisecond)
					continue
				}
				context.AfterFunc(ctx, func() { conn.Close() })
				if i%2 == 0 {
					io.WriteString(conn, "GET / HTTP/1.1\r\n")
					forever(conn, "X-A: b\r\n", trickle)
				}
				io.Copy(io.Discard, conn)
				conn.Close()
			}
		})
	}
	r := asJSON(t, "--listen", here, named("zipkin-go").serve(t, io.Discard)+"/call?to="+url.QueryEscape("http://"+here+"/"))
	cancel()
	others.Wait()
	require.Len(t, r.Targets, 1)
	assert.Equal(t, "truncated", r.Targets[0].Verdict)
}

// clew doctor sends a URL's password, and does not show it.
func TestPassword(t *testing.T) {
	t.Parallel()
	service := named("clew").handler(t, io.Discard)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if user, password, _ := r.BasicAuth(); user != "anna" || password != "secret" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		service.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	r := asJSON(t, strings.Replace(server.URL, "http://", "http://anna:secret@", 1))
	assert.Equal(t, 0, r.code)
	assert.NotContains(t, r.out+r.err, "secret")
}
