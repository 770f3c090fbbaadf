package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// adopting starts a service that continues traces in b3 and in X-B3-TraceId. It shows the trace ID
// in the response. If the function more is not nil, the service calls it with the ID.
func adopting(t *testing.T, more func(trace string)) *httptest.Server {
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		trace, _, _ := strings.Cut(r.Header.Get("b3"), "-")
		if trace == "" {
			trace = r.Header.Get("X-B3-TraceId")
		}
		if trace == "" {
			trace = id
		}
		w.Header().Set("X-B3-TraceId", trace)
		if more != nil {
			more(trace)
		}
	}))
	t.Cleanup(srv.Close)
	return srv
}

// withoutLateLines makes clew doctor wait only briefly for late lines and calls, for tests in
// which there are none.
func withoutLateLines(t *testing.T) {
	before := lateWait
	lateWait = 50 * time.Millisecond
	t.Cleanup(func() { lateWait = before })
}

func TestDoctor(t *testing.T) {
	withoutDNS(t)
	withoutLateLines(t)
	t.Chdir(t.TempDir())
	srv := adopting(t, nil)
	var n atomic.Int32
	restarting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-B3-TraceId", fmt.Sprintf("%032x", 0xabcdef00000+int(n.Add(1))))
	}))
	defer restarting.Close()
	silent := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer silent.Close()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	tests := []struct {
		name string
		args []string
		code int
		out  string
		err  string
	}{
		{"help", []string{"--help"}, 0, "Exit codes:", ""},
		{"adopted", []string{srv.URL}, 0, srv.URL + ": adopted\n", "clew: 17 GET requests to " + srv.URL + ", one after another; user agent clew-doctor/"},
		{"hostile and debug", []string{srv.URL, "--hostile", "--debug"}, 1, ": echoed\n", "clew: 38 GET requests to "},
		{"restarted", []string{restarting.URL}, 1, ": restarted\n", ""},
		{"unknown", []string{silent.URL}, 3, ": unknown\n", ""},
		{"nobody there", []string{gone.URL}, 3, "Nobody listens there: start the service, or check the port", ""},
		{"a fault takes precedence over unknown", []string{silent.URL, restarting.URL}, 1, "unknown", ""},
		{"no URL", nil, 2, "", "clew: say which URL to send requests to, such as http://127.0.0.1:8080/media/1: a route of the service that is harmless to GET\nSee: clew doctor --help\n"},
		{"a URL without http", []string{"shop:8080"}, 2, "", `clew: "shop:8080" is not a URL such as http://127.0.0.1:8080/media/1`},
		{"a port that is too large", []string{"http://127.0.0.1:99999"}, 2, "", `clew: "http://127.0.0.1:99999" is not a URL`},
		{"any port to listen at", []string{srv.URL, "--listen", "127.0.0.1:0"}, 0, "No call of the service arrived at 127.0.0.1:", "clew: listening at 127.0.0.1:"},
		{"a hostile URL", []string{"\x1b[2J"}, 2, "", `clew: "\x1b[2J" is not a URL`},
		{"no such flag", []string{srv.URL, "--force"}, 2, "", "See: clew doctor --help\n"},
		{"a timeout of 0", []string{srv.URL, "--timeout", "0s"}, 2, "", "clew: --timeout wants a time such as 10s"},
		{"a negative width", []string{srv.URL, "--width=-1"}, 2, "", "clew: --width wants a number that is not negative"},
		{"a header without a value", []string{srv.URL, "--header", "Authorization"}, 2, "", "clew: --header wants a header such as"},
		{"a header with a line break", []string{srv.URL, "--header", "A: b\r\nC: d"}, 2, "", "clew: --header wants a header such as"},
		{"a canary's header", []string{srv.URL, "--header", "x-b3-traceid: 1"}, 2, "", "clew: --header x-b3-traceid: the canaries set this header themselves"},
		{"an address without a host", []string{srv.URL, "--listen", "9999"}, 2, "", "clew: --listen wants an address of this computer, such as 127.0.0.1:9999"},
		{"an address in use", []string{srv.URL, "--listen", strings.TrimPrefix(srv.URL, "http://")}, 2, "", "address already in use"},
		{"a missing log", []string{srv.URL, "--logs", "none.log"}, 3, ": adopted\n", "clew: stat none.log: no such file or directory"},
		{"another computer", []string{"http://192.0.2.1/"}, 2, "", "clew: this goes beyond this computer: http://192.0.2.1/. There is no terminal to ask at: say --yes if you may send it"},
		{"other computers, and listening for others", []string{srv.URL, "http://192.0.2.1/?a=b", "http://shop.example/", "--listen", ":0"}, 2, "",
			"clew: this goes beyond this computer: http://192.0.2.1/?a=xxxxx; http://shop.example/; --listen :0, which others can reach. There"},
		{"listening for others", []string{srv.URL, "--listen", "0.0.0.0:0"}, 2, "", "clew: this goes beyond this computer: --listen 0.0.0.0:0, which others can reach. There is no terminal to ask at"},
		{"listening at a name", []string{srv.URL, "--listen", "shop.example:0", "--yes"}, 2, "", "clew: --listen wants an address of this computer, such as 127.0.0.1:9999 or localhost:9999"},
		{"a host without an address", []string{"http://no.such.host.invalid/", "--yes"}, 3, "no.such.host.invalid has no address", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			got := clew(t, "", append([]string{"doctor"}, test.args...)...)
			assert.Equal(t, test.code, got.code, "%s%s", got.out, got.err)
			assert.Contains(t, got.out, test.out)
			assert.Contains(t, got.err, test.err)
			assert.NotContains(t, got.out+got.err, "\x1b")
			assert.NotContains(t, got.err, "127.0.0.1:0 ", "the port 0 is not shown")
			if test.code == exitUsage {
				assert.Empty(t, got.out)
			}
		})
	}
}

func TestDoctorJSON(t *testing.T) {
	srv := adopting(t, nil)
	got := clew(t, "", "doctor", srv.URL, srv.URL+"/other", "-o", "json")
	var report struct {
		Version, Requests int
		Targets           []struct{ URL, Verdict string }
	}
	require.NoError(t, json.Unmarshal([]byte(got.out), &report), got.out)
	assert.Equal(t, 0, got.code)
	assert.Equal(t, 34, report.Requests)
	require.Len(t, report.Targets, 2)
	assert.Equal(t, "adopted", report.Targets[1].Verdict)
	assert.Equal(t, srv.URL+"/other", report.Targets[1].URL)
}

// No question to DNS leaves this computer before the user has said yes. Names of localhost need no
// DNS.
func TestDoctorAsksNoDNS(t *testing.T) {
	withoutLateLines(t)
	var asked atomic.Int32
	before := net.DefaultResolver
	defer func() { net.DefaultResolver = before }()
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		asked.Add(1)
		return nil, errors.New("no DNS in tests")
	}}
	srv := adopting(t, nil)
	here := func(host string) string { return strings.Replace(srv.URL, "127.0.0.1", host, 1) }
	for _, test := range []struct {
		url  string
		more string
		code int
		asks bool
	}{
		{here("shop.example"), "", 2, false}, {here("example.invalid"), "", 2, false}, {here("localhost.example"), "", 2, false}, {here("xlocalhost"), "", 2, false},
		{here("b\u00fccher.example"), "", 2, false}, {here("127.1"), "", 2, false}, {here("0x7f000001"), "", 2, false}, {here("2130706433"), "", 2, false}, {here("127.0.0.1.example"), "", 2, false},
		{here("localhost"), "", 0, false}, {here("LOCALHOST."), "", 0, false}, {here("shop.localhost"), "", 0, false}, {here("\uff4cocalhost"), "", 0, false}, {here("127\u30020\u30020\u30021"), "", 0, false},
		{srv.URL, "--listen=shop.example:0", 2, false}, {srv.URL, "--listen=localhost:0", 0, false},
		{here("shop.example"), "--yes", 3, true},
	} {
		asked.Store(0)
		args := []string{"doctor", test.url}
		if test.more != "" {
			args = append(args, test.more)
		}
		got := clew(t, "", args...)
		assert.Equal(t, test.code, got.code, "%s: %s%s", args, got.out, got.err)
		assert.Equal(t, test.asks, asked.Load() > 0, "%s: whether DNS is asked", args)
	}
}

// Ctrl-C ends a lookup, and nothing is sent.
func TestDoctorInterruptedLookup(t *testing.T) {
	before := net.DefaultResolver
	defer func() { net.DefaultResolver = before }()
	ctx, cancel := context.WithCancel(context.Background())
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		cancel()
		<-ctx.Done()
		return nil, ctx.Err()
	}}
	var out, said bytes.Buffer
	assert.Equal(t, exitInterrupted, run(ctx, []string{"doctor", "http://shop.example/", "--yes"}, strings.NewReader(""), &out, &said))
	assert.Empty(t, out.String())
}

// No password is shown, not even if the argument is no URL.
func TestDoctorSecrets(t *testing.T) {
	for _, url := range []string{
		"http://u:s3cret%zzpw@127.0.0.1:1/x", "u:s3cretpw@127.0.0.1:1/x", "ftp://u:s3cretpw@h/x", "http:/u:s3cret@h/", "http://u:a@s3cret@h:x/",
		"http://u:p?s3cret@h:x/", "http://h:x/?token=s3cret", "http://h:x/#s3cret", "http://s3cret@h:x/", "s3cret@", "u:s3cret://x@h/", "http://u:" + strings.Repeat("s3cret", 20) + "@h:x/",
	} {
		got := clew(t, "", "doctor", url)
		assert.Equal(t, exitUsage, got.code, url)
		assert.Contains(t, got.err, "is not a URL such as", url)
		assert.NotContains(t, got.err+got.out, "s3cret", url)
	}
}

// clew doctor reads the lines that the service writes during the run, from a file and from a pipe.
func TestDoctorLogs(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "shop.log", strings.Repeat(logLine(1, other, "before"), 1000)+"half a line")
	f, err := os.OpenFile("shop.log", os.O_APPEND|os.O_WRONLY, 0)
	require.NoError(t, err)
	defer f.Close()
	write(t, "old.log.gz", "no gzip: it is not read")
	srv := adopting(t, func(trace string) {
		_, err := f.WriteString("\n" + strings.TrimSuffix(logLine(2, trace, "served"), "\n"))
		assert.NoError(t, err)
	})
	got := clew(t, "", "doctor", srv.URL, "--logs", "*.log*")
	assert.Equal(t, 0, got.code, got.err)
	assert.Contains(t, got.out, "✓ adopted, in its lines: 14 of 14 canaries")
	assert.Contains(t, got.out, "in a line of shop is ")

	in, out := io.Pipe()
	srv = adopting(t, func(trace string) { io.WriteString(out, logLine(2, trace, "served")) })
	var text, said bytes.Buffer
	code := run(context.Background(), []string{"doctor", srv.URL, "--logs", "-"}, in, &text, &said)
	out.Close()
	assert.Equal(t, 0, code, said.String())
	assert.Contains(t, text.String(), "✓ adopted, in its lines: 14 of 14 canaries")
}

func TestDoctorListen(t *testing.T) {
	var to atomic.Value
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	srv := adopting(t, func(trace string) {
		r, err := http.NewRequest(http.MethodGet, fmt.Sprint(to.Load()), nil)
		assert.NoError(t, err)
		r.Header.Set("b3", trace+"-00000000000000cc-1")
		if resp, err := client.Do(r); assert.NoError(t, err) {
			resp.Body.Close()
		}
	})
	address := freeAddress(t)
	to.Store("http://" + address + "/next")
	got := clew(t, "", "doctor", srv.URL, "--listen", address)
	assert.Equal(t, 1, got.code, got.err)
	assert.Contains(t, got.err, "clew: 18 GET requests to ")
	assert.Contains(t, got.err, "clew: listening at "+address+" meanwhile")
	assert.Contains(t, got.out, "✗ resampled, in what it sends on: 4 of 11 canaries")
	assert.Contains(t, got.out, "✗ leaked, in what it sends on: 1 of 1 canary")
}

// After Ctrl-C, clew shows what it has seen so far.
func TestDoctorInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	var n atomic.Int32
	srv := adopting(t, func(string) {
		if n.Add(1) == 8 {
			cancel()
		}
	})
	var out, said bytes.Buffer
	assert.Equal(t, exitInterrupted, run(ctx, []string{"doctor", srv.URL}, strings.NewReader(""), &out, &said))
	assert.Contains(t, out.String(), ": unknown\n  The trace goes on as far as it was seen")
	assert.Contains(t, out.String(), "requests were not sent")
}

// freeAddress returns an address on loopback without a listener. If a listener asks for any port,
// the system chooses one from a fixed range. The port of this address is outside of that range, so
// that no other test gets it.
func freeAddress(t *testing.T) string {
	t.Helper()
	for i := range 1000 {
		if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20_000+(os.Getpid()+i)%12_000)); err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

// withoutDNS makes all questions to DNS fail. Only names in the computer's own files have
// addresses.
func withoutDNS(t *testing.T) {
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no DNS in tests")
	}}
	t.Cleanup(func() { net.DefaultResolver = before })
}
