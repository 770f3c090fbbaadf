package httpclient

import (
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/net/publicsuffix"
)

// SameSite is a [Config].Propagate that limits redirects: a first request carries the headers
// wherever it goes, a redirect only within the site of that first request. A site is what one owner can register, by the public suffix list:
// api.example.co.uk and example.co.uk are one, alice.github.io and bob.github.io are two. IP
// addresses are each their own. Under a top-level name that the list does not have, such as
// "internal", the last two labels are the site. A redirect from https to http leaves the site,
// other ports do not.
func SameSite(r *http.Request) bool {
	first := origin(r)
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

// PrivateNetworks is a [Config].Propagate that limits all requests: to loopback and private addresses (RFC 1918,
// RFC 4193) and to localhost. Other names are not looked up, so they are not private; allow
// them by [Hosts].
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

// Hosts returns a [Config].Propagate that limits all requests: to these hosts. A host is a name
// ("api.example.com"), all names under one (".example.com", which is not example.com itself), an
// IP address ("10.1.2.3"), or a network ("10.0.0.0/8"), to which addresses belong, but no names.
// Any port, any scheme. Without hosts it allows none. Internationalized names are compared as they
// are written, so write them, here and in URLs, in Punycode.
//
// It panics if a host is none of these: a URL, a port, a wildcard.
func Hosts(hosts ...string) func(*http.Request) bool {
	names := map[string]bool{}
	var suffixes []string
	var networks []netip.Prefix
	for _, host := range hosts {
		name := normal(host)
		if addr, ok := address(name); ok && !strings.Contains(name, "/") { // a zone may have one
			networks = append(networks, netip.PrefixFrom(addr, addr.BitLen()))
		} else if network, err := netip.ParsePrefix(host); err == nil && !network.Addr().Is4In6() { // to which nothing would belong
			networks = append(networks, network)
		} else if bare := strings.TrimPrefix(name, "."); !isName(bare) {
			panic(fmt.Sprintf("httpclient: Hosts: %q is not a host name, .suffix, IP address or network", host))
		} else if bare != name {
			suffixes = append(suffixes, name)
		} else {
			names[name] = true
		}
	}
	return func(r *http.Request) bool {
		if r.URL == nil {
			return false
		}
		name := hostname(r.URL)
		if addr, ok := address(name); ok {
			for _, network := range networks {
				if network.Contains(addr) {
					return true
				}
			}
			return false
		}
		if names[name] {
			return true
		}
		for _, suffix := range suffixes {
			if strings.HasSuffix(name, suffix) && isName(name) {
				return true
			}
		}
		return false
	}
}

// sameHost is the default policy. Like SameSite it compares with the first request of the chain,
// not the last: a stranger who redirects back must not look like a friend who redirects.
func sameHost(r *http.Request) bool {
	first := origin(r)
	return first == r || first != nil && sameName(first.URL, r.URL)
}

// origin returns the first request of the chain of redirects that r is in; r itself if it is no
// redirect, nil if the chain is cut, so that nobody knows.
func origin(r *http.Request) *http.Request {
	for range maxChain {
		if r.Response == nil {
			return r
		}
		if r = r.Response.Request; r == nil || r.URL == nil {
			return nil
		}
	}
	return nil
}

func sameName(a, b *url.URL) bool { return hostname(a) == hostname(b) }

// site is the part of a host name that one owner has registered; the whole of it where there is
// no such part.
func site(u *url.URL) string {
	name := hostname(u)
	if _, ip := address(name); ip || !isName(name) {
		return name
	}
	if registered, err := publicsuffix.EffectiveTLDPlusOne(name); err == nil {
		return registered
	}
	return name
}

func hostname(u *url.URL) string { return normal(u.Hostname()) }

// normal is name without the differences that make no other host. Beyond ASCII every difference
// makes one: İ is an i to ToLower, but not to those who own the name with i.
func normal(name string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII }) {
		name = strings.ToLower(name)
	}
	return strings.TrimSuffix(name, ".")
}

// address is the IP address that name is. A zone only says by which interface.
func address(name string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(name)
	return addr.WithZone("").Unmap(), err == nil
}

// isName reports whether s may be a host name: letters, digits, '-' and '_' in labels. Others than
// ASCII are not: net/http asks for them in Punycode. Nor is what ends in a number, such as 10.1 or
// 10.0.0.0x4: some resolvers take that for an address, and no top-level domain is one.
func isName(s string) bool {
	const digits = "0123456789"
	last := ""
	for label := range strings.SplitSeq(s, ".") {
		if label == "" || strings.Trim(label, "abcdefghijklmnopqrstuvwxyz-_"+digits) != "" {
			return false
		}
		last = label
	}
	return strings.Trim(last, digits) != "" && !strings.HasPrefix(last, "0x")
}
