package httpclient_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"

	"example.com/clew/httpclient"
	"example.com/clew/internal/testkit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// redirected returns the request for the last URL. The URLs before are the redirects that led to
// it. "nil" is a request without a URL.
func redirected(urls ...string) *http.Request {
	var r *http.Request
	for _, raw := range urls {
		hop := &http.Request{}
		if raw != "nil" {
			hop.URL = testkit.Must(url.Parse(raw))
		}
		if r != nil {
			hop.Response = &http.Response{Request: r}
		}
		r = hop
	}
	return r
}

// SameSite allows a redirect within the site that one owner has registered, but not from https to
// http.
func TestSameSite(t *testing.T) {
	tests := []struct {
		first, next string // next is "" if there is no redirect
		want        bool
	}{
		{"https://api.example.com/", "", true},
		{"http://203.0.113.9/", "", true},
		{"", "", true}, // the preview of a URL that resty is about to refuse
		{"//api.example.com/path", "", true},
		{"https://api.example.com/", "https://api.example.com/other", true},
		{"https://api.example.com/", "https://API.Example.COM/", true},
		{"https://api.example.com/", "https://api.example.com./", true},
		{"https://api.example.com/", "https://api.example.com:8443/", true},
		{"https://api.example.com/", "https://www.example.com/", true},
		{"https://api.example.com/", "https://example.com/", true},
		{"https://api.example.com/", "https://api.example.com.evil.net/", false},
		{"https://example.com/", "https://evilexample.com/", false},
		{"https://example.com/", "https://example.com@evil.net/", false},
		{"https://example.com/", "https://evil.net/example.com", false},
		{"https://example.com/", "https://example.com../", false},
		{"https://example.com/", "https://example.org/", false},
		{"https://example.com/", "https://com/", false},
		{"https://x.example.co.uk/", "https://example.co.uk/", true},
		{"https://a.co.uk/", "https://b.co.uk/", false},
		{"https://a.co.uk/", "https://co.uk/", false},
		{"https://alice.github.io/", "https://bob.github.io/", false},
		{"https://alice.github.io/", "https://www.alice.github.io/", true},
		{"https://alice.github.io/", "https://github.io/", false},
		{"https://github.io/", "https://github.io/", true},
		{"https://alice.xn--55qx5d.cn/", "https://bob.xn--55qx5d.cn/", false},
		{"https://www.xn--bcher-kva.example/", "https://xn--bcher-kva.example/", true},
		{"http://localhost/", "http://localhost:8080/", true},
		{"http://localhost/", "http://127.0.0.1/", false},
		{"http://127.0.0.1/", "http://127.0.0.1:8080/", true},
		{"http://10.0.0.1/", "http://11.0.0.1/", false},
		{"http://10.0.0.1/", "http://[::ffff:10.0.0.1]/", false}, // the same address, but refused to be on the safe side
		{"http://[::1]/", "http://[::1]:8080/", true},
		{"http://[fe80::1%25eth0]/", "http://[fe80::1%25eth1]/", false},
		{"http://127.0.0.1/", "http://127.0.0.1.evil.net/", false},
		{"http://127.0.0.1/", "http://2130706433/", false},
		{"http://127.0.0.1/", "http://0x7f.1/", false},
		{"http://10.0.0.010/", "http://66.66.0.010/", false}, // getaddrinfo reads both names as addresses
		{"http://1.2.3.0x4/", "http://9.9.3.0x4/", false},
		{"https://mail.example/", "https://ma\u0130l.example/", false}, // İ is looked up as xn--mail-swc
		{"https://%fe.example/", "https://%ff.example/", false},
		{"https://alice.\u516c\u53f8.cn/", "https://bob.\u516c\u53f8.cn/", false}, // a public suffix, in Punycode
		{"https://b\u00fccher.example/", "https://b\u00fccher.example/", true},
		{"https://example.com/", "http://example.com/", false},
		{"HTTPS://example.com/", "HTTP://example.com/", false},
		{"https://example.com/", "//example.com/", false},
		{"https://example.com/", "https:example.com", false}, // opaque, so without a host
		{"https://example.com/", "HTTPS://example.com/", true},
		{"http://example.com/", "https://example.com/", true},
		{"http://example.com/", "http://example.com/", true},
		{"nil", "", false},
		{"nil", "https://example.com/", false},
		{"https://example.com/", "nil", false},
	}
	for _, tt := range tests {
		r := redirected(tt.first)
		if tt.next != "" {
			r = redirected(tt.first, tt.next)
		}
		assert.Equal(t, tt.want, httpclient.SameSite(r), "SameSite(%q redirected to %q)", tt.first, tt.next)
	}

	// SameSite compares with the first request of the chain. A chain that is cut has no first
	// request.
	assert.True(t, httpclient.SameSite(redirected("https://example.com", "https://evil.net", "https://example.com")), "SameSite of a redirect back")
	assert.False(t, httpclient.SameSite(redirected("https://example.com", "https://evil.net", "https://evil.net")), "SameSite of another host's redirect to itself")
	assert.True(t, httpclient.SameSite(redirected("https://example.com", "http://example.com", "https://example.com")), "SameSite of a redirect back to https")
	assert.False(t, httpclient.SameSite(redirected("https://example.com", "nil", "https://example.com")), "SameSite behind a hop without a URL")
	assert.False(t, httpclient.SameSite(&http.Request{URL: testkit.Must(url.Parse("https://example.com")), Response: &http.Response{}}), "SameSite of a cut chain")
	byHand := redirected("https://example.com", "https://example.com")
	// The schemes are set here, since url.Parse would make them lower case.
	byHand.URL.Scheme, byHand.Response.Request.URL.Scheme = "HttpS", "hTTPs"
	assert.True(t, httpclient.SameSite(byHand), "SameSite of %s", byHand.URL)
	byHand.URL.Scheme = "Http"
	assert.False(t, httpclient.SameSite(byHand), "SameSite of %s", byHand.URL)
}

// Hosts allows the names, the addresses and the networks that it is given. A name that looks like
// an address belongs to no network.
func TestHosts(t *testing.T) {
	hosts := func(hosts ...string) []string { return hosts }
	tests := []struct {
		hosts []string
		url   string
		want  bool
	}{
		{nil, "https://api.example.com/", false},
		{nil, "http://127.0.0.1/", false},
		{hosts("api.example.com"), "https://api.example.com/", true},
		{hosts("api.example.com"), "http://api.example.com:8443/", true},
		{hosts("api.example.com"), "HTTPS://API.example.COM./", true},
		{hosts("API.example.com."), "https://api.example.com/", true},
		{hosts("api.example.com"), "//api.example.com/path", true}, // as in the preview of a resty request
		{hosts("api.example.com"), "https://user:password@api.example.com/", true},
		{hosts("api.example.com"), "https://v1.api.example.com/", false},
		{hosts("api.example.com"), "https://example.com/", false},
		{hosts("api.example.com"), "https://api.example.com.evil.net/", false},
		{hosts("api.example.com"), "https://api.example.com:8443@evil.net/", false},
		{hosts("api.example.com"), "https://evil.net/api.example.com", false},
		{hosts("api.example.com"), "https://evil.net?api.example.com", false},
		{hosts("api.example.com"), "https://evil.net#api.example.com", false},
		{hosts("api.example.com"), "https://api.example.com../", false},
		{hosts("api.example.com"), "https:api.example.com", false},
		{hosts("api.example.com"), "api.example.com/path", false}, // a path, without //
		{hosts("api.example.com"), "", false},
		{hosts("api.example.com"), "https:///path", false},
		{hosts("api.example.com"), "https://:443/", false},
		{hosts("api.example.com"), "nil", false},
		{hosts("example.com"), "https://evilexample.com/", false},
		{hosts("example.com"), "https://example.com@evil.net/", false},
		{hosts(".example.com"), "https://api.example.com/", true},
		{hosts(".example.com"), "https://v1.API.example.com.:8443/", true},
		{hosts(".Example.com."), "https://api.example.com/", true},
		{hosts(".example.com"), "https://example.com/", false},
		{hosts(".example.com"), "https://evilexample.com/", false},
		{hosts(".example.com"), "https://api.example.com.evil.net/", false},
		{hosts("example.com", ".example.com"), "https://example.com/", true},
		{hosts("my_host-1", ".a", ".b"), "http://my_host-1/", true},
		{hosts("my_host-1", ".a", ".b"), "http://x.b/", true},
		{hosts("xn--bcher-kva.example"), "https://xn--bcher-kva.example/", true},
		{hosts("10.1.2.3"), "http://10.1.2.3:80/", true},
		{hosts("10.1.2.3"), "http://[::ffff:10.1.2.3]/", true},
		{hosts("::ffff:10.1.2.3"), "http://10.1.2.3/", true},
		{hosts("10.1.2.3"), "http://10.1.2.30/", false},
		{hosts("10.1.2.3"), "http://10.1.2.3.evil.net/", false},
		{hosts("10.0.0.0/8"), "http://10.255.0.1/", true},
		{hosts("10.9.9.9/8"), "http://10.0.0.1/", true},
		{hosts("10.0.0.0/8"), "http://[::ffff:10.0.0.1]/", true},
		{hosts("10.0.0.0/8"), "http://11.0.0.1/", false},
		{hosts("10.0.0.0/8"), "http://10.evil.net/", false},
		{hosts("10.0.0.0/8"), "http://0xa.1/", false},
		{hosts("10.0.0.0/8"), "http://167772161/", false},
		{hosts("10.0.0.0/8"), "http://010.0.0.1/", false},
		{hosts("0.0.0.0/0"), "http://[::1]/", false},
		{hosts("::1"), "http://[::1]:8080/", true},
		{hosts("::1"), "http://[0:0:0:0:0:0:0:1]/", true},
		{hosts("fe80::1"), "http://[fe80::1%25eth0]/", true},
		{hosts("fe80::1%eth0"), "http://[fe80::1%25eth1]/", true},
		{hosts("fd00::/8"), "http://[fd12::1]/", true},
		{hosts("fd00::/8"), "http://[fe80::1]/", false},
	}
	for _, tt := range tests {
		policy := httpclient.Hosts(tt.hosts...)
		assert.Equal(t, tt.want, policy(redirected(tt.url)), "Hosts(%q) for %q", tt.hosts, tt.url)
		// It makes no difference which host redirects to the URL.
		assert.Equal(t, tt.want, policy(redirected("https://evil.net/", tt.url)), "Hosts(%q) for a redirect to %q", tt.hosts, tt.url)
	}
}

// A program may build a URL with a host that url.Parse would refuse. A suffix allows such a host
// only if it is a valid name.
func TestHostsOddNames(t *testing.T) {
	for _, host := range []string{"evil.net/.example.com", "evil.net?.example.com", "evil.net#.example.com", "evil.net@.example.com", ".example.com", "a..example.com", "ma\u0130l.example.com"} {
		r := &http.Request{URL: &url.URL{Scheme: "http", Host: host}}
		assert.False(t, httpclient.Hosts(".example.com")(r), "Hosts(.example.com) for host %q", host)
	}
}

// The default policy compares names in the form in which net/http looks them up.
func TestLookAlikesGetNothing(t *testing.T) {
	w := newWorld(t, nil)
	transport := httpclient.NewTransport(w.transport(t), httpclient.Config{})
	for next, want := range map[string]int{"http://mail.example/": len(multi), "http://MAIL.example./": len(multi), "http://ma\u0130l.example/": 0} {
		r := redirected("http://mail.example/", next)
		r.Header = http.Header{}
		resp, err := transport.RoundTrip(r.WithContext(testkit.Request()))
		require.NoError(t, err, "RoundTrip")
		drain(t, resp)
		assert.Len(t, traced(w.takeOne(t).header), want, "trace headers of mail.example redirected to %s", next)
	}
}

// Hosts panics if a host is malformed. Otherwise the mistake would show only later, as missing
// headers.
func TestHostsPanics(t *testing.T) {
	for _, host := range []string{
		"", ".", "..", "..example.com", "a..b", "example.com..", "*", "*.example.com", "https://example.com", "example.com/path",
		"example.com:443", "10.0.0.1:80", "fe80::1%eth0/64", "::ffff:10.0.0.0/104",
		"10.0.0.256", "10.0.0", "010.0.0.1", ".10", ".1", "0x7f.0x1", "[::1]", "10.0.0.0/33", "10.0.0.0/", "user@example.com", " example.com", "example.com\n",
		"bücher.example", "api,example.com", "\xff",
	} {
		want := fmt.Sprintf("httpclient: Hosts: %q is not a host name, .suffix, IP address or network", host)
		assert.PanicsWithValue(t, want, func() { httpclient.Hosts("example.com", host) }, "Hosts(%q)", host)
	}
}

// The panic names all malformed hosts.
func TestHostsPanicsWithAllFaults(t *testing.T) {
	want := `httpclient: Hosts: "a:1" is not a host name, .suffix, IP address or network` + "\n" +
		`httpclient: Hosts: "*" is not a host name, .suffix, IP address or network`
	assert.PanicsWithValue(t, want, func() { httpclient.Hosts("a:1", "example.com", "*") })
}

// PrivateNetworks allows loopback and private addresses, and the name localhost, but no other
// name.
func TestPrivateNetworks(t *testing.T) {
	tests := []struct {
		url  string
		want bool
	}{
		{"http://127.0.0.1/", true},
		{"http://127.255.255.255:8080/", true},
		{"http://[::1]/", true},
		{"http://10.0.0.1/", true},
		{"http://172.16.0.1/", true},
		{"http://172.32.0.1/", false},
		{"http://192.168.0.1/", true},
		{"http://[fd00::1]/", true},
		{"http://[fd00::1%25eth0]/", true},
		{"http://[::ffff:10.0.0.1]/", true},
		{"http://[::ffff:127.0.0.1]/", true},
		{"http://[::ffff:203.0.113.9]/", false},
		{"http://[64:ff9b::10.0.0.1]/", false},
		{"http://[::10.0.0.1]/", false},
		{"http://203.0.113.9/", false},
		{"http://169.254.169.254/", false}, // link-local: the metadata service of a cloud
		{"http://[fe80::1%25eth0]/", false},
		{"http://100.64.0.1/", false},
		{"http://0.0.0.0/", false},
		{"http://[::]/", false},
		{"http://[2001:db8::1]/", false},
		{"http://localhost/", true},
		{"HTTP://LocalHost.:8080/", true},
		{"//localhost/path", true},
		{"http://api.localhost/", false}, // Go treats it like any other name
		{"http://localhost.evil.net/", false},
		{"http://evillocalhost/", false},
		{"http://localhost@evil.net/", false},
		{"http://127.0.0.1@evil.net/", false},
		{"http://127.0.0.1.evil.net/", false},
		{"http://10.evil.net/", false},
		{"http://0x7f.1/", false},
		{"http://127.1/", false},
		{"http://0177.0.0.1/", false},
		{"http://2130706433/", false},
		{"http://api.internal/", false},
		{"http:127.0.0.1", false},
		{"/path", false},
		{"", false},
		{"nil", false},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.want, httpclient.PrivateNetworks(redirected(tt.url)), "PrivateNetworks(%q)", tt.url)
		assert.Equal(t, tt.want, httpclient.PrivateNetworks(redirected("http://evil.net/", tt.url)), "PrivateNetworks(redirect to %q)", tt.url)
	}
	// PrivateNetworks allows no host that url.Parse would refuse.
	for _, host := range []string{"%", "[", "[::1", "]:", "::1", "10.0.0.1]", "\x00", "10.0.0.1/"} {
		assert.False(t, httpclient.PrivateNetworks(&http.Request{URL: &url.URL{Scheme: "http", Host: host}}), "PrivateNetworks of host %q", host)
	}
}
