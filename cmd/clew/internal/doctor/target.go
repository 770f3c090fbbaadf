package doctor

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/net/idna"
)

// Target is a URL to which clew doctor sends its requests, with the addresses of its host.
type Target struct {
	URL   *url.URL
	proxy *url.URL     // nil: none
	addrs []netip.Addr // to dial, even if the name's addresses change; none with a proxy
	port  string
	good  atomic.Int32 // the index of the address that answered last
	err   error        // why the name has no address
}

var errNotURL = errors.New("a URL such as http://127.0.0.1:8080/media/1")

// ParseURL reads a target's URL.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" || u.Port() != "" && !isPort(u.Port()) {
		return nil, errNotURL
	}
	u.Fragment, u.RawFragment = "", ""
	if strings.ContainsFunc(u.Host, func(r rune) bool { return r > 0x7f }) {
		host, err := idna.Lookup.ToASCII(u.Hostname())
		if err != nil {
			return nil, errNotURL
		}
		u.Host = host + strings.TrimPrefix(u.Host, u.Hostname())
	}
	if again, err := url.Parse(u.String()); err != nil || again.Hostname() != u.Hostname() || u.Hostname() == "" {
		return nil, errNotURL
	}
	return u, nil
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0
}

// NewTarget returns the target of a URL, with the addresses that this computer knows by itself. No
// question leaves the computer: before [Target.LookUp], a name other than localhost has no
// addresses.
func NewTarget(u *url.URL, proxy func(*http.Request) (*url.URL, error)) (*Target, error) {
	t := &Target{URL: u, port: u.Port()}
	if t.port == "" {
		t.port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	var err error
	if t.proxy, err = proxy(&http.Request{Method: http.MethodGet, URL: u, Header: http.Header{}}); err != nil {
		// The text of err may contain the proxy's password.
		return nil, errors.New("the proxy of the environment is no URL: check HTTP_PROXY and HTTPS_PROXY")
	}
	if t.proxy == nil {
		t.addrs = addressesHere(u.Hostname())
	}
	return t, nil
}

// LookUp looks up a name that this computer does not know by itself, and reports whether it has
// found addresses. A name is looked up only once, so that clew dials the same addresses that it
// has shown.
func (t *Target) LookUp(ctx context.Context) bool {
	if t.proxy != nil || len(t.addrs) > 0 {
		return false
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", t.URL.Hostname())
	if len(addrs) == 0 {
		t.err = sentence(err, func(text string) string { return text })
	}
	t.addrs = unmapped(addrs)
	return len(addrs) > 0
}

// addressesHere returns the addresses that this computer knows without DNS. The host may be an IP
// address, localhost, or a name below localhost. For other names, addressesHere returns none.
func addressesHere(host string) []netip.Addr {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a.Unmap()}
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	if name != "localhost" && !strings.HasSuffix(name, ".localhost") {
		return nil
	}
	// By RFC 6761, 6.3, localhost and all names below it are loopback, and DNS is not asked. But
	// the computer's files may name other addresses.
	files := net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("DNS is not asked")
	}}
	addrs, _ := files.LookupNetIP(context.Background(), "ip", host)
	if len(addrs) == 0 {
		return []netip.Addr{netip.AddrFrom4([4]byte{127, 0, 0, 1}), netip.IPv6Loopback()}
	}
	return unmapped(addrs)
}

// unmapped returns addresses as people write them: 127.0.0.1, and not ::ffff:127.0.0.1.
func unmapped(addrs []netip.Addr) (list []netip.Addr) {
	for _, a := range addrs {
		list = append(list, a.Unmap())
	}
	return list
}

// Loopback reports whether requests are known to stay on this computer. A name that was not looked
// up may lead anywhere.
func (t *Target) Loopback() bool { return t.proxy == nil && allLoopback(t.addrs) }

func allLoopback(addrs []netip.Addr) bool {
	for _, a := range addrs {
		if !a.IsLoopback() {
			return false
		}
	}
	return len(addrs) > 0
}

// String returns the target and its addresses or its proxy, for people.
func (t *Target) String() string {
	text := maskURL(t.URL)
	switch {
	case t.proxy != nil:
		return text + " by the proxy " + maskURL(t.proxy)
	case len(t.addrs) > 0 && t.addrs[0].String() != t.URL.Hostname():
		var list []string
		for _, a := range t.addrs {
			list = append(list, a.String())
		}
		return text + " (" + strings.Join(list, ", ") + ")"
	}
	return text
}
