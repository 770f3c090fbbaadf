package doctor

import (
	"errors"
	"io"
	"iter"
	"log"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Limits of the calls that are kept. A canary is a test request of clew doctor. Calls that name a
// canary are kept up to twice these limits.
const (
	maxArrivals  = 2000
	arrivalBytes = 4 << 20
)

// elsewhere is the path on the other host that a call is redirected to.
const elsewhere = "/clew-doctor-elsewhere"

// Listen is a server for the service to call. It remembers the headers of the calls. It must be
// closed.
type Listen struct {
	listener net.Listener
	server   *http.Server

	mu       sync.Mutex
	canaries known
	now      *probe // the canary whose request is under way
	arrivals []arrival
	bytes    int  // of arrivals
	byID     bool // a call had the ID of a canary

	redirected bool // a call was redirected
	returned   bool // the redirected call came to the other host
	alone      bool // a call could not be redirected, because this computer has no other name
}

// NewListen starts a server at an address.
func NewListen(address string) (*Listen, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	s := &Listen{listener: l}
	s.server = &http.Server{
		Handler: s, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 32 << 10, ReadTimeout: 30 * time.Second, WriteTimeout: 30 * time.Second,
		ErrorLog: log.New(io.Discard, "", 0),
	}
	go s.server.Serve(l)
	for _, l := range beside(l) {
		go s.server.Serve(l)
	}
	return s, nil
}

// beside listens at the same port of 127.0.0.1 and ::1, because a call that is redirected to
// localhost may arrive there. It leaves out an address that is in use or does not exist. If
// nothing arrives for that reason, [Listen.redirectNote] says so.
func beside(l net.Listener) (more []net.Listener) {
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	for _, host := range []string{"127.0.0.1", "::1"} {
		address := net.JoinHostPort(host, port)
		if address == l.Addr().String() {
			continue
		}
		if other, err := net.Listen("tcp", address); err == nil {
			more = append(more, other)
		}
	}
	return more
}

// ListenAddress reads an address to listen at: an IP address or localhost, with a port. The result
// loopback is true if only this computer reaches the address. No name is looked up, because the
// user has not agreed to that yet.
func ListenAddress(address string) (addr string, loopback bool, err error) {
	host, port, err := net.SplitHostPort(address)
	if _, bad := strconv.ParseUint(port, 10, 16); err != nil || bad != nil {
		return "", false, errListenAddress
	}
	if host == "" {
		return address, false, nil
	}
	addrs := addressesHere(host)
	if len(addrs) == 0 {
		return "", false, errListenAddress
	}
	found := addrs[0]
	if i := slices.IndexFunc(addrs, netip.Addr.Is4); i >= 0 { // most people write IPv4 into a URL
		found = addrs[i]
	}
	return net.JoinHostPort(found.String(), port), found.IsLoopback(), nil
}

var errListenAddress = errors.New("an address of this computer, such as 127.0.0.1:9999 or localhost:9999")

// Addr returns the address at which the server listens.
func (l *Listen) Addr() string { return l.listener.Addr().String() }

// Close stops the server.
func (l *Listen) Close() error { return l.server.Close() }

func (l *Listen) expect(probes []*probe) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.canaries.add(probes)
	l.arrivals, l.bytes = nil, 0
	l.byID, l.redirected, l.returned, l.alone = false, false, false, false
}

// begin sets the canary whose request is under way. If none is, p is nil.
func (l *Listen) begin(p *probe) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = p
}

// ServeHTTP implements [http.Handler].
func (l *Listen) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if to := l.arrive(r); to != "" {
		w.Header().Set("Location", "http://"+to+elsewhere)
		w.WriteHeader(http.StatusFound)
		return
	}
	w.Header().Set("Content-Type", "text/plain")
	io.WriteString(w, "clew doctor has seen the call\n")
}

// arrive keeps a call, and returns the host to redirect the call to. It returns "" if the call is
// not to be redirected.
func (l *Listen) arrive(r *http.Request) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := arrival{probe: l.whose(r.Header), during: l.now, path: r.URL.Path, agent: r.UserAgent(), header: l.telling(r.Header)}
	l.byID = l.byID || a.probe != nil
	l.keep(a)
	if a.path == elsewhere {
		l.returned = true
		return ""
	}
	p := a.probe
	if p == nil && !l.byID {
		p = a.during
	}
	if p == nil || !p.redirect || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return ""
	}
	to := otherHost(r)
	l.redirected, l.alone = to != "", to == ""
	return to
}

// keep keeps an arrival, if there is room for it.
func (l *Listen) keep(a arrival) {
	most, mostBytes, size := maxArrivals, arrivalBytes, a.size()
	if a.probe != nil {
		most, mostBytes = 2*most, 2*mostBytes
	}
	if len(l.arrivals) < most && l.bytes+size <= mostBytes {
		l.arrivals = append(l.arrivals, a)
		l.bytes += size
	}
}

// telling returns the headers that may show something about a trace. The other headers are not
// kept, because a stranger may send a thousand of them.
func (l *Listen) telling(h http.Header) http.Header {
	kept := http.Header{}
	for name, values := range h {
		if IsTraceHeader(name) || carriesTrace(name) || name == "Baggage" || slices.ContainsFunc(values, l.mentions) {
			kept[name] = slices.Clone(values)
		}
	}
	return kept
}

// mentions reports whether a value contains an ID or the mark of a canary.
func (l *Listen) mentions(value string) bool {
	return len(l.canaries.find(value)) > 0 || l.canaries.span(value) != nil || l.canaries.marked(value)
}

// redirectNote returns a sentence that says why a redirect has shown nothing. It returns "" if the
// redirect has shown something, or if no call came that should be redirected.
func (l *Listen) redirectNote() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.alone:
		return "No call was redirected: another computer called this one by an address, and knows no other name of it. Whether headers go to other hosts was not seen. Let the service call a name, not an address."
	case l.redirected && !l.returned:
		return "The call that was redirected to another host did not arrive there: the service follows no redirects, or cannot reach that host. Whether headers go to other hosts was not seen."
	}
	return ""
}

// whose returns the canary that has led to a call, or nil if none is known. The trace's ID decides
// first, then the span's ID, then the user agent. The user agent comes last, because proxies pass
// it on.
func (l *Listen) whose(h http.Header) *probe {
	for _, value := range headerFields(h) {
		if found := l.canaries.find(value); len(found) > 0 {
			return found[0].probe
		}
	}
	for _, value := range headerFields(h) {
		if p := l.canaries.span(value); p != nil {
			return p
		}
	}
	return l.canaries.tagged(h.Get("User-Agent"))
}

// headerFields returns each value of a header with its name, in the order of the names.
func headerFields(h http.Header) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for _, name := range slices.Sorted(maps.Keys(h)) {
			for _, value := range h[name] {
				if !yield(name, value) {
					return
				}
			}
		}
	}
}

// otherHost returns a name of this computer that is not the name in the call, with the same port.
// It returns "" if the caller knows no other name of this computer.
func otherHost(r *http.Request) string {
	name, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		name, port = strings.Trim(r.Host, "[]"), "80"
	}
	local, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	address, err := netip.ParseAddr(name)
	switch {
	case local == nil:
		return ""
	case err != nil:
		return net.JoinHostPort(local.IP.String(), port)
	case !address.Unmap().IsLoopback() && !strings.HasPrefix(r.RemoteAddr, net.JoinHostPort(local.IP.String(), "")):
		return "" // for the caller, localhost is another computer
	}
	return net.JoinHostPort("localhost", port)
}

// has reports whether a call with a canary's ID has arrived, or a call without any ID during the
// canary's request.
func (l *Listen) has(p *probe) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, a := range l.arrivals {
		if a.probe == p && (!p.redirect || a.path == elsewhere) || a.probe == nil && a.during == p {
			return true
		}
	}
	return false
}
