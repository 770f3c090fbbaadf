package httpclient

import (
	"net/http"
	"strings"
)

// SameSite is a [Config].Propagate that limits redirects. A first request carries the headers to
// any host. A redirect carries them only within the site of the first request. A site is what one
// owner can register, by the public suffix list: api.example.co.uk and example.co.uk are one
// site, alice.github.io and bob.github.io are two. Each IP address is a site of its own. Under a
// top-level name that the list does not have, such as "internal", the last two labels are the
// site. A redirect from https to http leaves the site. A redirect to another port does not.
func SameSite(r *http.Request) bool {
	first := firstOf(r)
	switch {
	case first == nil || r.URL == nil:
		return false
	case first == r:
		return true
	case strings.EqualFold(first.URL.Scheme, "https") && !strings.EqualFold(r.URL.Scheme, "https"):
		return false
	}
	return site(first.URL) == site(r.URL)
}

// PrivateNetworks is a [Config].Propagate that limits all requests to loopback and private
// addresses (RFC 1918, RFC 4193) and to localhost. Other names are not looked up, so they do not
// count as private. Allow them with [Hosts].
func PrivateNetworks(r *http.Request) bool {
	if r.URL == nil {
		return false
	}
	name := hostname(r.URL)
	if addr, ok := address(name); ok {
		return addr.IsLoopback() || addr.IsPrivate()
	}
	return name == "localhost"
}

// sameHost is the default policy. Like SameSite it compares r with the first request of the
// chain, not with the request before r. Otherwise a foreign host could get the headers by
// redirecting once more, to itself.
func sameHost(r *http.Request) bool {
	first := firstOf(r)
	return first == r || first != nil && sameName(first.URL, r.URL)
}
