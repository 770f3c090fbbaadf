package doctor_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"

	"example.com/clew/cmd/clew/internal/doctor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// passing starts a service that calls the URL in the parameter to. The call has the headers of the
// request that the service got. The service's client resolves localhost to an IPv4 address, as
// many computers do.
func passing(t *testing.T, to string, follow func(*http.Request, []*http.Request) error) string {
	client := &http.Client{CheckRedirect: follow, Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, strings.Replace(address, "localhost", "127.0.0.1", 1))
	}}}
	return serve(t, func(w http.ResponseWriter, r *http.Request) {
		call, err := http.NewRequestWithContext(r.Context(), http.MethodGet, to, nil)
		assert.NoError(t, err)
		call.Header = r.Header.Clone()
		resp, err := client.Do(call)
		if err != nil {
			w.WriteHeader(http.StatusBadGateway)
			return
		}
		io.Copy(io.Discard, resp.Body)
		resp.Body.Close()
	})
}

// A redirected call arrives, no matter at which address clew listens.
func TestRedirectComesBack(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "::1", "127.0.0.2"} {
		l, err := doctor.NewListen(net.JoinHostPort(host, "0"))
		if err != nil {
			t.Logf("%s is no address of this computer: %v", host, err)
			continue
		}
		t.Cleanup(func() { l.Close() })
		_, port, err := net.SplitHostPort(l.Addr())
		require.NoError(t, err)
		c := config()
		c.Listen = l
		for _, called := range []string{l.Addr(), "localhost:" + port} {
			d := c.Examine(t.Context(), target(t, passing(t, "http://"+called+"/next", nil)))
			assert.Equal(t, doctor.Leaked, d.Verdict, "%s: %+v", called, d)
			has(t, d, doctor.Leaked, "sent on", 1, 1)
			assert.NotContains(t, strings.Join(d.Notes, "\n"), "redirect")
		}
	}
}

// If a redirected call does not come back, the diagnosis says that clew does not know whether
// headers leak.
func TestRedirectIsLost(t *testing.T) {
	c, to := config(), ""
	c.Listen, to = listen(t)
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	d := c.Examine(t.Context(), target(t, passing(t, to, stay)))
	assert.Contains(t, d.Notes, "The call that was redirected to another host did not arrive there: the service follows no redirects, or cannot reach that host. "+
		"Whether headers go to other hosts was not seen.")
	assert.Zero(t, find(d, doctor.Leaked, "sent on").Count)
}

// If a Referer header contains the ID, the finding shows the ID and no other part of the header.
func TestLeakInReferer(t *testing.T) {
	c, to := config(), ""
	c.Listen, to = listen(t)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	d := c.Examine(t.Context(), target(t, serve(t, func(_ http.ResponseWriter, r *http.Request) {
		call, err := http.NewRequest(http.MethodGet, to+"?token=s3cret&id="+hear(r.Header).trace, nil)
		assert.NoError(t, err)
		call.Header.Set("X-Request-Id", hear(r.Header).trace)
		if resp, err := client.Do(call); assert.NoError(t, err) {
			resp.Body.Close()
		}
	})))
	says := find(d, doctor.Leaked, "sent on").Says
	assert.Contains(t, says, "in Referer there is ")
	assert.NotContains(t, says, "s3cret")
}

// Calls to the listener do not fill the memory, no matter what their headers are. Each case sends
// more than may be kept.
func TestListenMemory(t *testing.T) {
	named := func(form string, n int) http.Header {
		h := http.Header{}
		for i := range n {
			h.Set(fmt.Sprintf(form, i), "b")
		}
		return h
	}
	for _, test := range []struct {
		name    string
		calls   int
		headers http.Header
	}{
		{"many headers", 60, named("X-%d", 3000)},
		{"many trace headers", 120, named("X-Trace-%d", 1500)},
		{"a long header", 300, http.Header{"B3": {strings.Repeat("b", 30_000)}}},
	} {
		l := &doctor.Listen{}
		before := heap()
		for i := range test.calls {
			r := httptest.NewRequest(http.MethodGet, fmt.Sprintf("/%d", i), nil)
			for name, values := range test.headers {
				r.Header[name] = []string{strings.Clone(values[0])}
			}
			l.ServeHTTP(httptest.NewRecorder(), r)
		}
		assert.Less(t, heap()-before, int64(6<<20), "%s: bytes that are kept", test.name)
		runtime.KeepAlive(l)
	}
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// A log of long lines, each with a canary's ID, does not fill the memory.
func TestLogMemory(t *testing.T) {
	c := config()
	log, out, end := logTo(t)
	c.Log = log
	long := strings.Repeat("x", 500_000)
	url := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(out, `{"trace_id":"%s","message":"%s"}`+"\n", orNew(hear(r.Header).trace), long)
	})
	before := heap()
	d := c.Examine(t.Context(), target(t, url))
	assert.Less(t, heap()-before, int64(6<<20), "bytes that are kept")
	end()
	assert.NotEmpty(t, d.Findings)
	runtime.KeepAlive(c)
}
