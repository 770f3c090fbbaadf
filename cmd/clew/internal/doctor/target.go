package doctor

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"sync"
)

// Target is where canaries go.
type Target struct {
	URL   *url.URL
	proxy *url.URL     // nil: none
	addrs []netip.Addr // that are dialled, whatever the name's become; none with a proxy
	port  string
	err   error // the name has no address
}

// ParseURL reads a target's URL.
func ParseURL(text string) (*url.URL, error) {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("a URL such as http://127.0.0.1:8080/media/1")
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// Resolve finds out where a URL leads. Addresses are looked up once: what the user is asked about
// is what is dialled.
func Resolve(ctx context.Context, u *url.URL, proxy func(*http.Request) (*url.URL, error)) (*Target, error) {
	t := &Target{URL: u, port: u.Port()}
	if t.port == "" {
		t.port = map[string]string{"http": "80", "https": "443"}[u.Scheme]
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return nil, err
	}
	if t.proxy, err = proxy(r); err != nil {
		return nil, errors.New("the proxy of the environment is no URL: check HTTP_PROXY and HTTPS_PROXY") // err has its password
	}
	if t.proxy != nil {
		return t, nil
	}
	t.addrs, t.err = lookUp(ctx, u.Hostname())
	return t, nil
}

func lookUp(ctx context.Context, host string) ([]netip.Addr, error) {
	if a, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{a}, nil
	}
	addrs, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if len(addrs) == 0 {
		return nil, sentence(err, func(text string) string { return text })
	}
	return addrs, nil
}

// Loopback tells whether canaries stay on this computer.
func (t *Target) Loopback() bool { return t.proxy == nil && allLoopback(t.addrs) }

func allLoopback(addrs []netip.Addr) bool {
	for _, a := range addrs {
		if !a.Unmap().IsLoopback() {
			return false
		}
	}
	return len(addrs) > 0
}

// Lost tells whether the name has no address, so that nothing is sent.
func (t *Target) Lost() bool { return t.err != nil }

// String is the target with where it leads, for people.
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

// dial dials the addresses that were looked up; a proxy by its name.
func (t *Target) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	if t.proxy != nil {
		return d.DialContext(ctx, network, address)
	}
	var first error
	for _, a := range t.addrs {
		conn, err := d.DialContext(ctx, network, net.JoinHostPort(a.String(), t.port))
		if err == nil {
			return &polite{Conn: conn, spoken: make(chan struct{})}, nil
		}
		if first == nil {
			first = err
		}
	}
	return nil, first
}

// polite is a connection that listens once it has spoken. Net/http takes what comes before its
// request for no answer, and writes it to the log: SSH's greeting, for one.
type polite struct {
	net.Conn
	once   sync.Once
	spoken chan struct{}
}

func (p *polite) speak() { p.once.Do(func() { close(p.spoken) }) }

func (p *polite) Write(b []byte) (int, error) {
	n, err := p.Conn.Write(b)
	p.speak()
	return n, err
}

func (p *polite) Read(b []byte) (int, error) {
	<-p.spoken
	return p.Conn.Read(b)
}

func (p *polite) Close() error {
	err := p.Conn.Close()
	p.speak()
	return err
}
