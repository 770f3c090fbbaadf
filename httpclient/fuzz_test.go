package httpclient_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"example.com/clew/httpclient"
)

// FuzzHosts: no policy panics for any URL, and Hosts with a suffix allows only names that end in
// the suffix.
func FuzzHosts(f *testing.F) {
	for _, raw := range []string{
		"https://api.example.com/", "https://API.EXAMPLE.COM.:8443", "https://example.com", "https://evilexample.com",
		"https://api.example.com@evil.net/", "https://api.example.com.evil.net", "https://evil.net/.example.com", "//a.example.com",
		"https:a.example.com", "http://[::ffff:10.0.0.1]", "http://[fe80::1%25.example.com]", "http://0x7f.1", "http://a..example.com",
		"http://\u00fc.example.com", "http://a\u3002example.com", "http://a.e\u0130ample.com", "http://%ff.example.com", "http://:80", "http://.example.com",
	} {
		f.Add(raw)
	}
	hosts := httpclient.Hosts(".example.com")
	f.Fuzz(func(t *testing.T, raw string) {
		u, err := url.Parse(raw)
		if err != nil {
			return
		}
		r := &http.Request{URL: u}
		hop := &http.Request{URL: u, Response: &http.Response{Request: redirected("https://api.example.com/")}}
		httpclient.SameSite(hop)
		httpclient.PrivateNetworks(r)
		name := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
		if allowed := hosts(r); allowed != hosts(hop) || allowed && !strings.HasSuffix(name, ".example.com") {
			t.Errorf("Hosts(.example.com) for %q, redirected or not: got %t and %t, host %q", raw, allowed, hosts(hop), name)
		}
	})
}
