package httpclient

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// Hosts returns a [Config].Propagate that limits all requests to these hosts. A host is one of:
//
//   - a name, such as "api.example.com"
//   - a name with a dot before it, such as ".example.com": all names below example.com, but not
//     example.com itself
//   - an IP address, such as "10.1.2.3"
//   - a network, such as "10.0.0.0/8": all its addresses, but no names
//
// Any port and any scheme is allowed. Without arguments, Hosts allows no request.
// Internationalized names are compared as they are written, so write them in Punycode, here and in
// URLs.
//
// Hosts panics if a host is none of these, such as a URL, a host with a port, or a wildcard. The
// text of the panic lists all such hosts.
func Hosts(hosts ...string) func(*http.Request) bool {
	list := hostList{names: map[string]bool{}}
	var errs []error
	for _, host := range hosts {
		if err := list.add(host); err != nil {
			errs = append(errs, err)
		}
	}
	if err := errors.Join(errs...); err != nil {
		panic(err.Error())
	}
	return list.allows
}

// hostList is the argument of Hosts, sorted by kind.
type hostList struct {
	names    map[string]bool
	suffixes []string // with their first dot
	networks []netip.Prefix
}

func (l *hostList) add(host string) error {
	name := normal(host)
	if addr, ok := address(name); ok && !strings.Contains(name, "/") { // a zone may hold a slash
		l.networks = append(l.networks, netip.PrefixFrom(addr, addr.BitLen()))
		return nil
	}
	// The function address turns an IPv4-mapped IPv6 address into IPv4. So a network of mapped
	// addresses would match no request, and is an error.
	if network, err := netip.ParsePrefix(host); err == nil && !network.Addr().Is4In6() {
		l.networks = append(l.networks, network)
		return nil
	}
	bare, isSuffix := strings.CutPrefix(name, ".")
	switch {
	case !isName(bare):
		return fmt.Errorf("httpclient: Hosts: %q is not a host name, .suffix, IP address or network", host)
	case isSuffix:
		l.suffixes = append(l.suffixes, name)
	default:
		l.names[name] = true
	}
	return nil
}

func (l *hostList) allows(r *http.Request) bool {
	if r.URL == nil {
		return false
	}
	name := hostname(r.URL)
	if addr, ok := address(name); ok {
		return l.hasAddress(addr)
	}
	return l.hasName(name)
}

func (l *hostList) hasAddress(addr netip.Addr) bool {
	for _, network := range l.networks {
		if network.Contains(addr) {
			return true
		}
	}
	return false
}

func (l *hostList) hasName(name string) bool {
	if l.names[name] {
		return true
	}
	for _, suffix := range l.suffixes {
		if strings.HasSuffix(name, suffix) && isName(name) {
			return true
		}
	}
	return false
}
