package httpclient_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"

	"example.com/clew/httpclient"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/go-resty/resty/v2"
	"github.com/rs/zerolog"
)

// echo starts a service that answers with the trace ID of the request.
func echo() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "called with %q", r.Header.Get("X-B3-TraceId"))
	}))
}

// incoming returns a context such as httpmw gives to a handler.
func incoming() context.Context {
	b, _ := trace.Parse("463ac35c9f6413ad-a2fb4a1d1a96d312-1")
	return trace.NewContext(context.Background(), b)
}

func ExampleNewTransport() {
	server := echo()
	defer server.Close()
	ctx := incoming()

	client := &http.Client{Transport: httpclient.NewTransport(nil, httpclient.Config{})}

	r, _ := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
	resp, err := client.Do(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	fmt.Printf("%s\n", answer)
	// Output: called with "463ac35c9f6413ad"
}

func ExampleWrap() {
	server := echo()
	defer server.Close()
	ctx := incoming()

	client := httpclient.Wrap(http.DefaultClient, httpclient.Config{})

	r, _ := http.NewRequestWithContext(ctx, "GET", server.URL, nil)
	resp, err := client.Do(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	fmt.Printf("%s\n", answer)
	// Output: called with "463ac35c9f6413ad"
}

func ExampleResty() {
	server := echo()
	defer server.Close()
	ctx := incoming()

	client := httpclient.Resty(resty.New(), httpclient.Config{})

	resp, err := client.R().SetContext(ctx).Get(server.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp)
	// Output: called with "463ac35c9f6413ad"
}

// Each attempt has a line, even a redirect and a refused connection. No line has the query or the
// password.
func ExampleCallLogConfig() {
	server := httptest.NewServer(http.RedirectHandler("http://refusing.example/new?token=secret", http.StatusFound))
	defer server.Close()
	base := &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if addr == "images.example:80" {
			return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
		}
		return nil, errors.New("connection refused")
	}}
	// The lines are printed without the parts that differ each time.
	console := zerolog.ConsoleWriter{Out: os.Stdout, NoColor: true,
		PartsExclude: []string{"time"}, FieldsExclude: []string{"duration_ms", "body_ms", "span_id"}}
	logger := zerolog.New(console).Hook(logctx.Hook(logctx.Config{}))

	client := httpclient.Wrap(&http.Client{Transport: base}, httpclient.Config{
		CallLog: &httpclient.CallLogConfig{Logger: &logger},
	})

	r, _ := http.NewRequestWithContext(incoming(), "GET", "http://user:secret@images.example/old?token=secret", nil)
	client.Do(r)
	// Output:
	// INF call attempt=1 host=images.example method=GET parent_id=a2fb4a1d1a96d312 path=/old sampled=true status=302 trace_id=463ac35c9f6413ad
	// ERR call error="connection refused" attempt=2 host=refusing.example method=GET parent_id=a2fb4a1d1a96d312 path=/new sampled=true trace_id=463ac35c9f6413ad
}

// If you set a redirect policy after the client's first request, put RedirectPolicy last. Then a
// redirect to another host still carries no trace.
func ExampleRedirectPolicy() {
	server := echo()
	defer server.Close()
	moved := httptest.NewServer(http.RedirectHandler("http://another.example/", http.StatusFound))
	defer moved.Close()

	client := httpclient.Resty(resty.New().SetTransport(knows(server, "another.example:80")), httpclient.Config{})
	client.R().SetContext(incoming()).Get(server.URL)

	client.SetRedirectPolicy(resty.FlexibleRedirectPolicy(3), httpclient.RedirectPolicy())

	resp, err := client.R().SetContext(incoming()).Get(moved.URL)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(resp)
	// Output: called with ""
}

// Requests that are signed over their headers must not get more headers. The function Propagate
// exempts them. It also calls SameSite, because Propagate replaces the default rule for redirects.
func ExampleConfig_propagate() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "signature %s, called with %q", verify(r), r.Header.Get("X-B3-TraceId"))
	}))
	defer server.Close()

	client := httpclient.Wrap(http.DefaultClient, httpclient.Config{
		Propagate: func(r *http.Request) bool { return httpclient.SameSite(r) && !isSigned(r) },
	})

	for _, signed := range []bool{true, false} {
		r, _ := http.NewRequestWithContext(incoming(), "GET", server.URL+"/bucket/key?versions", nil)
		r.Header.Set("X-Amz-Date", "20260102T030405Z")
		if signed {
			sign(r)
		}
		resp, err := client.Do(r)
		if err != nil {
			fmt.Println(err)
			return
		}
		answer, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		fmt.Printf("%s\n", answer)
	}
	// Output:
	// signature good, called with ""
	// signature absent, called with "463ac35c9f6413ad"
}

const sigV4 = "AWS4-HMAC-SHA256 "

func isSigned(r *http.Request) bool { return strings.HasPrefix(r.Header.Get("Authorization"), sigV4) }

// sign is a small stand-in for AWS's Signature Version 4: it covers the method, the host, the
// URL and all headers.
func sign(r *http.Request) {
	names := slices.Sorted(maps.Keys(r.Header))
	r.Header.Set("Authorization", sigV4+"Credential=key/20260102/eu-west-1/s3/aws4_request, SignedHeaders="+
		strings.ToLower(strings.Join(names, ";"))+", Signature="+signature(r, r.URL.Host, names))
}

func signature(r *http.Request, host string, names []string) string {
	mac := hmac.New(sha256.New, []byte("secret"))
	fmt.Fprintf(mac, "%s %s %s\n", r.Method, host, r.URL.RequestURI())
	for _, name := range names {
		fmt.Fprintf(mac, "%s:%q\n", strings.ToLower(name), r.Header.Values(name))
	}
	return hex.EncodeToString(mac.Sum(nil))
}

// verify checks the signature on the server. It returns "good", "bad", "absent", or the header
// that the signature does not cover.
func verify(r *http.Request) string {
	if !isSigned(r) {
		return "absent"
	}
	_, list, _ := strings.Cut(r.Header.Get("Authorization"), "SignedHeaders=")
	list, got, _ := strings.Cut(list, ", Signature=")
	covered := strings.Split(list, ";")
	for name := range r.Header {
		switch lower := strings.ToLower(name); lower {
		// net/http adds these headers after the request was signed.
		case "authorization", "accept-encoding", "user-agent", "content-length":
		default:
			if !slices.Contains(covered, lower) {
				return "does not cover " + name
			}
		}
	}
	if got != signature(r, r.Host, covered) {
		return "bad"
	}
	return "good"
}

// Requests to the public API of a partner carry the trace, and so do requests to addresses in
// one's own network.
func ExampleHosts() {
	partners := httpclient.Hosts("api.partner.example", ".internal.example")
	cfg := httpclient.Config{
		Propagate: func(r *http.Request) bool { return partners(r) || httpclient.PrivateNetworks(r) },
	}

	for _, url := range []string{
		"https://api.partner.example/v1", "https://images.internal.example:8443/", "http://10.1.2.3/",
		"https://api.partner.example.evil.example/",
	} {
		r, _ := http.NewRequest("GET", url, nil)
		fmt.Println(url, cfg.Propagate(r))
	}
	// Output:
	// https://api.partner.example/v1 true
	// https://images.internal.example:8443/ true
	// http://10.1.2.3/ true
	// https://api.partner.example.evil.example/ false
}

// A redirect to another name of the same owner carries the trace, but one to another owner does
// not.
func ExampleSameSite() {
	mux := http.NewServeMux()
	mux.Handle("api.example.com/friend", http.RedirectHandler("http://www.example.com/", http.StatusFound))
	mux.Handle("api.example.com/stranger", http.RedirectHandler("http://www.example.net/", http.StatusFound))
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "%s called with %q", r.Host, r.Header.Get("X-B3-TraceId"))
	})
	server := httptest.NewServer(mux)
	defer server.Close()

	client := httpclient.Resty(resty.New().SetTransport(knows(server, "api.example.com:80", "www.example.com:80", "www.example.net:80")),
		httpclient.Config{Propagate: httpclient.SameSite})

	for _, path := range []string{"/friend", "/stranger"} {
		resp, err := client.R().SetContext(incoming()).Get("http://api.example.com" + path)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(resp)
	}
	// Output:
	// www.example.com called with "463ac35c9f6413ad"
	// www.example.net called with ""
}

func ExamplePrivateNetworks() {
	server := echo() // on 127.0.0.1
	defer server.Close()

	client := httpclient.Resty(resty.New().SetTransport(knows(server, "api.example.com:80")),
		httpclient.Config{Propagate: httpclient.PrivateNetworks})

	for _, url := range []string{server.URL, "http://api.example.com/"} {
		resp, err := client.R().SetContext(incoming()).Get(url)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(resp)
	}
	// Output:
	// called with "463ac35c9f6413ad"
	// called with ""
}

// knows makes a transport. If the transport is asked for one of these addresses, it connects to
// server.
func knows(server *httptest.Server, addresses ...string) *http.Transport {
	return &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if slices.Contains(addresses, addr) {
			addr = server.Listener.Addr().String()
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
}
