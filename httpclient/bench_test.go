package httpclient_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"

	"example.com/clew/httpclient"
	"example.com/clew/internal/testkit"
	"github.com/go-resty/resty/v2"
)

// Each benchmark has a twin that does the same with the bare transport or client.

// cloning does the least work that a transport needs to add a header.
type cloning struct{ http.RoundTripper }

func (c cloning) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header["B3"] = []string{"1"}
	return c.RoundTripper.RoundTrip(r)
}

func BenchmarkRoundTrip(b *testing.B) {
	for _, tt := range trips {
		for _, twin := range []struct {
			name   string
			client http.RoundTripper
		}{{"bare", newFake()}, {"clone", cloning{newFake()}}, {"traced", httpclient.NewTransport(newFake(), tt.cfg)}} {
			b.Run(tt.name+"/"+twin.name, func(b *testing.B) {
				r := trip(b, tt.caller, tt.header)
				b.ReportAllocs()
				for b.Loop() {
					if _, err := twin.client.RoundTrip(r); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkLoopback sends requests to a server over loopback, so it shows what a request costs a
// user.
func BenchmarkLoopback(b *testing.B) {
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer server.Close()
	base := &http.Transport{}
	defer base.CloseIdleConnections()
	bare := &http.Client{Transport: base}
	for _, twin := range []struct {
		name   string
		client *http.Client
	}{{"bare", bare}, {"traced", httpclient.Wrap(bare, httpclient.Config{})}} {
		b.Run(twin.name, func(b *testing.B) {
			r := trip(b, id128+"-"+spanID+"-1", threeHeaders)
			r.URL = testkit.Must(url.Parse(server.URL))
			b.ReportAllocs()
			for b.Loop() {
				resp, err := twin.client.Do(r)
				if err != nil {
					b.Fatal(err)
				}
				resp.Body.Close()
			}
		})
	}
}

func BenchmarkResty(b *testing.B) {
	bare := func() *resty.Client { return resty.New().SetTransport(newFake()).SetLogger(quiet{}) }
	for _, twin := range []struct {
		name   string
		client *resty.Client
	}{{"bare", bare()}, {"traced", httpclient.Resty(bare(), httpclient.Config{})}} {
		b.Run(twin.name, func(b *testing.B) {
			ctx := testkit.Request()
			b.ReportAllocs()
			for b.Loop() {
				if _, err := twin.client.R().SetContext(ctx).Get("http://first.example/path"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
