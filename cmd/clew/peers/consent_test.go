package peers_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// foreign starts a server on an address of this machine other than loopback, and counts its
// requests. If there is no such address, foreign skips the test.
func foreign(t *testing.T) (url string, requests *atomic.Int64) {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	require.NoError(t, err)
	for _, address := range addresses {
		ip, _, err := net.ParseCIDR(address.String())
		if err != nil || ip.To4() == nil || !ip.IsGlobalUnicast() {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort(ip.String(), "0"))
		if err != nil {
			continue
		}
		requests = new(atomic.Int64)
		service := peers[0].handler(t, io.Discard)
		server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			requests.Add(1)
			service.ServeHTTP(w, r)
		}))
		server.Listener.Close()
		server.Listener = l
		server.Start()
		t.Cleanup(server.Close)
		return server.URL, requests
	}
	t.Skip("this machine has only loopback")
	return "", nil
}

// clew doctor sends nothing to other computers without the user's consent. The addresses are
// reserved for documentation, and the names are in no DNS.
func TestNotLoopback(t *testing.T) {
	for _, url := range []string{
		"http://example.invalid/", "https://localhost.example.invalid/", "http://127.0.0.1.example.invalid/", "http://localhost@example.invalid/",
		"http://198.51.100.1/", "https://198.51.100.1/", "http://[2001:db8::1]/", "http://127.0.0.1@198.51.100.1/",
		"http://198.51.100.1:127/", "http://198.51.100.1#127.0.0.1", "http://198.51.100.1?127.0.0.1", "http://[::ffff:198.51.100.1]/",
	} {
		t.Run(url, func(t *testing.T) {
			t.Parallel()
			r := doctor(t, url)
			assert.Equal(t, 2, r.code)
			assert.Empty(t, r.out)
			host := regexp.MustCompile(`\[.*\]|198\.51\.100\.1|[a-z0-9.]*\.invalid`).FindString(url)
			assert.Regexp(t, `clew: this goes beyond this computer: https?://[^ ]*`+regexp.QuoteMeta(host)+`.*\. There is no terminal to ask at: say --yes`, r.err)
		})
	}
}

// A piped yes is no consent, because it may be meant for another question.
func TestPipedYes(t *testing.T) {
	t.Parallel()
	there, requests := foreign(t)
	command := exec.CommandContext(t.Context(), clew, "doctor", there)
	command.Stdin, command.Env = strings.NewReader("y\n"), environment()
	r := finished(t, command)
	assert.Equal(t, 2, r.code)
	assert.Zero(t, requests.Load(), "number of requests to the other address")
}

// If one URL needs consent and there is none, clew doctor sends no request to the others either.
func TestNotLoopbackAmongOthers(t *testing.T) {
	t.Parallel()
	there, requests := foreign(t)
	mine := answering(t, func(net.Conn, io.Writer) {})
	r := doctor(t, mine.url, there)
	assert.Equal(t, 2, r.code)
	assert.Contains(t, r.err, "--yes")
	assert.Zero(t, requests.Load(), "number of requests to the other address")
	assert.Zero(t, mine.connections.Load(), "number of connections on loopback")
}

// With --yes, clew doctor sends exactly as many requests as it reports.
func TestYes(t *testing.T) {
	t.Parallel()
	there, requests := foreign(t)
	r := asJSON(t, "--yes", there)
	assert.Equal(t, 0, r.code)
	require.Len(t, r.Targets, 1)
	assert.Equal(t, "adopted", r.Targets[0].Verdict)
	assert.EqualValues(t, r.Requests, requests.Load(), "number of requests, against the number that clew doctor reports")
	assert.Positive(t, requests.Load())
}

// No address of loopback needs consent.
func TestLoopback(t *testing.T) {
	port := func(url string) string { return url[strings.LastIndex(url, ":"):] }
	here := peers[0].serve(t, io.Discard)
	for _, host := range []string{"127.0.0.1", "localhost", "LOCALHOST"} {
		r := asJSON(t, "http://"+host+port(here))
		assert.Equal(t, 0, r.code, host)
	}
}

// A proxy from the environment needs consent even if it listens on loopback, because it passes
// requests on.
func TestProxyOfTheEnvironment(t *testing.T) {
	t.Parallel()
	proxy := answering(t, func(net.Conn, io.Writer) {})
	command := exec.CommandContext(t.Context(), clew, "doctor", "http://198.51.100.1/")
	command.Env = append(environment(), "HTTP_PROXY="+proxy.url)
	r := finished(t, command)
	assert.Equal(t, 2, r.code)
	assert.Zero(t, proxy.connections.Load(), "number of connections to the proxy")
}
