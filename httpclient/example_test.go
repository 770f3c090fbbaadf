package httpclient_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"

	"example.com/clew/httpclient"
	"example.com/clew/trace"
	"github.com/go-resty/resty/v2"
)

// echo is a service that answers with the trace ID it was called with.
func echo() *httptest.Server {
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintf(w, "called with %q", r.Header.Get("X-B3-TraceId"))
	}))
}

// incoming is the context that httpmw would give a handler.
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

// After the client's first request, a redirect policy needs ours as its last. Another host
// then gets no trace, as before.
func ExampleRedirectPolicy() {
	server := echo()
	defer server.Close()
	moved := httptest.NewServer(http.RedirectHandler("http://another.example/", http.StatusFound))
	defer moved.Close()

	client := httpclient.Resty(resty.New().SetTransport(knows("another.example:80", server)), httpclient.Config{})
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

// Requests that are signed by their headers must not get more of them.
func ExampleConfig_propagate() {
	server := echo()
	defer server.Close()

	client := httpclient.Wrap(http.DefaultClient, httpclient.Config{
		Propagate: func(r *http.Request) bool { return r.Header.Get("Authorization") == "" },
	})

	r, _ := http.NewRequestWithContext(incoming(), "GET", server.URL, nil)
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 SignedHeaders=host")
	resp, err := client.Do(r)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	answer, _ := io.ReadAll(resp.Body)
	fmt.Printf("%s\n", answer)
	// Output: called with ""
}

// knows returns a transport for which the address is the server's.
func knows(address string, server *httptest.Server) *http.Transport {
	return &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if addr == address {
			addr = server.Listener.Addr().String()
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}}
}
