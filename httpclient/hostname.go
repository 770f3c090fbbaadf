package httpclient

import (
	"net/netip"
	"net/url"
	"strings"
	"unicode"

	"golang.org/x/net/publicsuffix"
)

// hostname returns the host name of u in its normal form.
func hostname(u *url.URL) string { return normal(u.Hostname()) }

func sameName(a, b *url.URL) bool { return hostname(a) == hostname(b) }

// normal returns name in lower case and without a dot at the end. The result means the same host.
// A name with letters beyond ASCII keeps its case: ToLower turns İ into i, but the name with i
// may have another owner.
func normal(name string) string {
	if !strings.ContainsFunc(name, func(r rune) bool { return r > unicode.MaxASCII }) {
		name = strings.ToLower(name)
	}
	return strings.TrimSuffix(name, ".")
}

// site returns the part of u's host name that one owner has registered; the whole name if there
// is no such part.
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

// address reads name as an IP address. The zone is left out, since it only names an interface.
func address(name string) (netip.Addr, bool) {
	addr, err := netip.ParseAddr(name)
	return addr.WithZone("").Unmap(), err == nil
}

// isName reports whether s may be a host name: letters, digits, '-' and '_' in labels. All letters
// are ASCII, since net/http looks up other names in Punycode. The last label is no number: 10.1
// and 10.0.0.0x4 are no names. No top-level domain is a number, and some resolvers read such a
// name as an address.
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
