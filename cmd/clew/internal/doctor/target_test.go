package doctor_test

import (
	"errors"
	"net/http"
	"net/url"
	"testing"

	"example.com/clew/cmd/clew/internal/doctor"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseURL(t *testing.T) {
	for _, text := range []string{"http://127.0.0.1", "https://shop.example:8443/a?b=c", "http://[::1]:80/", "HTTP://SHOP/"} {
		_, err := doctor.ParseURL(text)
		assert.NoError(t, err, text)
	}
	for _, text := range []string{"", "shop", "shop:8080", "127.0.0.1:8080", "ftp://shop/", "http://", "http://:80/", "http:///x", "http://a b/", "http://[::1/", "\x1b[2J", "file:///etc/passwd",
		"http://shop:99999/", "http://shop:0/", "http://shop:-1/", "http://\u200b/", "http://a\u202eb/", "http://\ufffd/"} {
		_, err := doctor.ParseURL(text)
		assert.EqualError(t, err, "a URL such as http://127.0.0.1:8080/media/1", text)
	}
	u, err := doctor.ParseURL("http://shop/a#b")
	require.NoError(t, err)
	assert.Equal(t, "http://shop/a", u.String())
}

// A name with letters outside of ASCII gets the form that DNS uses.
func TestInternationalName(t *testing.T) {
	for text, want := range map[string]string{
		"http://b\u00fccher.example/": "http://xn--bcher-kva.example/", "http://B\u00dcCHER.example:80/a": "http://xn--bcher-kva.example:80/a",
		"http://my_service:80/": "http://my_service:80/", "http://xn--bcher-kva.example/": "http://xn--bcher-kva.example/", "http://u@b\u00fccher.example/": "http://u@xn--bcher-kva.example/",
	} {
		u, err := doctor.ParseURL(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, u.String())
	}
}

func TestLoopback(t *testing.T) {
	withoutDNS(t)
	for host, want := range map[string]bool{
		"127.0.0.1": true, "127.255.255.254": true, "[::1]": true, "[::ffff:127.0.0.1]": true, "localhost": true,
		"128.0.0.1": false, "10.0.0.1": false, "0.0.0.0": false, "[::]": false, "[fe80::1]": false, "169.254.169.254": false,
		"[::ffff:10.0.0.1]": false, "127.0.0.1.example.invalid": false,
	} {
		found := target(t, "http://"+host+":1/")
		assert.Equal(t, want, found.Loopback(), host)
	}
	assert.Equal(t, "http://[::ffff:127.0.0.1]/ (127.0.0.1)", target(t, "http://[::ffff:127.0.0.1]/").String())
}

// If a name has no address, the answer says so.
func TestNoSuchHost(t *testing.T) {
	withoutDNS(t)
	d := config().Examine(t.Context(), target(t, "http://no.such.host.invalid/"))
	assert.Equal(t, doctor.Unreachable, d.Verdict)
	assert.Contains(t, d.Says, "no.such.host.invalid has no address")
	assert.Zero(t, d.Requests)
}

// If there is a proxy, no target counts as this computer, and clew dials the proxy.
func TestProxy(t *testing.T) {
	var asked []string
	proxy := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.String())
		w.Header().Set("X-B3-TraceId", orNew(hear(r.Header).trace))
	})
	address, err := url.Parse(proxy)
	require.NoError(t, err)
	u, err := doctor.ParseURL("http://127.0.0.1:1/thing")
	require.NoError(t, err)
	found, err := doctor.NewTarget(u, func(*http.Request) (*url.URL, error) { return address, nil })
	require.NoError(t, err)
	assert.False(t, found.Loopback())
	assert.Equal(t, "http://127.0.0.1:1/thing by the proxy "+proxy, found.String())
	d := config().Examine(t.Context(), found)
	assert.Equal(t, doctor.Adopted, d.Verdict, "%+v", d)
	require.Len(t, asked, 17)
	assert.Equal(t, "http://127.0.0.1:1/thing", asked[0])

	_, err = doctor.NewTarget(u, func(*http.Request) (*url.URL, error) { return nil, errors.New("bad proxy http://u:secret@%zz") })
	assert.EqualError(t, err, "the proxy of the environment is no URL: check HTTP_PROXY and HTTPS_PROXY")
}

func TestListenAddress(t *testing.T) {
	withoutDNS(t)
	for address, want := range map[string]bool{"127.0.0.1:9999": true, "[::1]:9999": true, "localhost:9999": true, ":9999": false, "0.0.0.0:9999": false, "10.0.0.1:1": false} {
		found, loopback, err := doctor.ListenAddress(address)
		require.NoError(t, err, address)
		assert.Equal(t, want, loopback, address)
		assert.NotEmpty(t, found)
	}
	for _, address := range []string{"", "9999", "127.0.0.1", "no.such.host.invalid:1", "127.0.0.1:99999", "127.0.0.1:http", "127.0.0.1:"} {
		_, _, err := doctor.ListenAddress(address)
		assert.Error(t, err, address)
	}
	found, _, err := doctor.ListenAddress("localhost:9999")
	require.NoError(t, err)
	assert.Regexp(t, `^(127\.0\.0\.1|\[::1\]):9999$`, found, "localhost becomes an IP address, which no later look-up can change")
	_, err = doctor.NewListen("127.0.0.1:99999")
	assert.Error(t, err)
}
