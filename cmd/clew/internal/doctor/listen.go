package doctor

import (
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
	"time"

	"example.com/clew/internal/canary"
)

const (
	maxArrivals = 2000    // that are kept; as many again that have a canary's ID
	maxKept     = 4 << 20 // bytes of those; likewise
)

// elsewhere is the path on the other host that a call is redirected to.
const elsewhere = "/clew-doctor-elsewhere"

// Listen is a server that the service calls, and that remembers with which headers. It must be
// closed.
type Listen struct {
	listener net.Listener
	server   *http.Server

	mu       sync.Mutex
	canaries known
	now      *probe // whose request is under way
	arrivals []arrival
	kept     int  // bytes of arrivals
	byID     bool // a call had the ID of a canary

	redirected, returned, alone bool // a call was; it came to the other host; there is none to redirect it to
}

// arrival is a call that has arrived.
type arrival struct {
	probe  *probe // by an ID; nil: none is known
	during *probe // the request that was under way
	path   string
	agent  string
	header http.Header // what tells anything of a trace
}

// size is about how many bytes an arrival takes.
func (a arrival) size() int {
	n := 500 + len(a.path) + len(a.agent)
	for name, values := range a.header {
		n += 100 + len(name)
		for _, value := range values {
			n += 16 + len(value)
		}
	}
	return n
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

// beside listens on this computer's addresses where a call that is redirected to localhost may
// arrive, at the same port. Some may be taken, or missing: [Listen.redirectNote] tells what comes
// of that.
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

// ListenAddress reads an address to listen at: an IP address, or localhost. It is on this computer
// alone if loopback. No name is looked up: nobody has agreed to that yet.
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
	if i := slices.IndexFunc(addrs, netip.Addr.Is4); i >= 0 { // that is what most write into a URL
		found = addrs[i]
	}
	return net.JoinHostPort(found.String(), port), found.IsLoopback(), nil
}

var errListenAddress = errors.New("an address of this computer, such as 127.0.0.1:9999 or localhost:9999")

// Addr is where it listens.
func (l *Listen) Addr() string { return l.listener.Addr().String() }

// Close ends the server.
func (l *Listen) Close() error { return l.server.Close() }

func (l *Listen) expect(probes []*probe) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.canaries.add(probes)
	l.arrivals, l.kept = nil, 0
	l.byID, l.redirected, l.returned, l.alone = false, false, false, false
}

// begin says whose request is under way; nil: nobody's.
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

// arrive keeps a call, and returns the host that it is to be redirected to; "": none.
func (l *Listen) arrive(r *http.Request) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := arrival{during: l.now, path: r.URL.Path, agent: r.UserAgent(), header: l.telling(r.Header)}
	a.probe = l.whose(r.Header)
	l.byID = l.byID || a.probe != nil
	room, bytes, size := maxArrivals, maxKept, a.size()
	if a.probe != nil {
		room, bytes = 2*room, 2*bytes
	}
	if len(l.arrivals) < room && l.kept+size <= bytes {
		l.arrivals = append(l.arrivals, a)
		l.kept += size
	}
	p := a.probe
	if p == nil && !l.byID {
		p = a.during
	}
	if a.path == elsewhere {
		l.returned = true
	}
	if p == nil || !p.redirect || a.path == elsewhere || r.Method != http.MethodGet && r.Method != http.MethodHead {
		return ""
	}
	to := otherHost(r)
	l.redirected, l.alone = to != "", to == ""
	return to
}

// telling are the headers that tell anything of a trace. A stranger may send a thousand others.
func (l *Listen) telling(h http.Header) http.Header {
	kept := http.Header{}
	for name, values := range h {
		if IsTraceHeader(name) || carriesTrace(name) || name == "Baggage" || slices.ContainsFunc(values, l.mentions) {
			kept[name] = slices.Clone(values)
		}
	}
	return kept
}

// mentions tells whether a value has anything of a canary's.
func (l *Listen) mentions(value string) bool {
	return len(l.canaries.find(value)) > 0 || l.canaries.span(value) != nil || l.canaries.marked(value)
}

// redirectNote is what to know of a redirect that shows nothing; "": it shows something, or there
// was none.
func (l *Listen) redirectNote() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.alone:
		return "No call was redirected, as another computer made it by an address, and this one has no other name there. Whether headers go to other hosts was not seen: let the URL call a name."
	case l.redirected && !l.returned:
		return "The call that was redirected to another host did not arrive there: the service follows no redirects, or cannot reach that host. Whether headers go to other hosts was not seen."
	}
	return ""
}

// whose finds the canary of a call by its trace's ID, else by its span's, else by its user agent,
// which proxies pass on.
func (l *Listen) whose(h http.Header) *probe {
	for _, name := range sortedNames(h) {
		for _, value := range h[name] {
			if found := l.canaries.find(value); len(found) > 0 {
				return found[0].probe
			}
		}
	}
	for _, name := range sortedNames(h) {
		for _, value := range h[name] {
			if p := l.canaries.span(value); p != nil {
				return p
			}
		}
	}
	return l.canaries.tagged(h.Get("User-Agent"))
}

func sortedNames(h http.Header) []string {
	names := make([]string, 0, len(h))
	for name := range h {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}

// otherHost is this computer under another name than a call has, with the same port. "": it has
// none where the call comes from.
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
		return "" // localhost is another computer's there
	}
	return net.JoinHostPort("localhost", port)
}

// has tells whether a call with a canary's ID has arrived, or one while its request was under way.
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

// callKind is by what calls of one kind are told from others.
type callKind struct{ path, agent string }

// calls returns the calls that each canary has led to. A call without a canary's ID counts for the
// request that was under way if most requests have led to one that looks like it, or if there is
// none with the ID and the service's other calls look like it: else somebody else's call would
// count.
func (l *Listen) calls(probes []*probe) map[*probe][]arrival {
	l.mu.Lock()
	defer l.mu.Unlock()
	calls := map[*probe][]arrival{}
	ours := map[callKind]bool{}
	unknown := map[callKind]map[*probe]bool{}
	answered := 0
	for _, p := range probes {
		calls[p] = nil
		if p.answer.err == nil {
			answered++
		}
	}
	isOurs := func(p *probe) bool { _, ok := calls[p]; return ok }
	for _, a := range l.arrivals {
		k := callKind{a.path, a.agent}
		switch {
		case isOurs(a.probe):
			calls[a.probe] = append(calls[a.probe], a)
			ours[k] = true
		case a.probe == nil && isOurs(a.during):
			if unknown[k] == nil {
				unknown[k] = map[*probe]bool{}
			}
			unknown[k][a.during] = true
		}
	}
	for _, a := range l.arrivals {
		if a.probe != nil || !isOurs(a.during) {
			continue
		}
		k, others := callKind{a.path, a.agent}, calls[a.during]
		alone := len(others) == 0 || others[0].probe == nil
		if 2*len(unknown[k]) > answered || ours[k] && alone || a.path == elsewhere {
			calls[a.during] = append(others, a)
		}
	}
	return calls
}

// inCalls returns what the calls tell that a canary has led to.
func (p *probe) inCalls(calls []arrival) (all []seen) {
	for _, a := range calls {
		if a.path == elsewhere {
			all = append(all, p.inRedirected(a))
			continue
		}
		all = append(all, p.inCall(a)...)
	}
	return all
}

// inRedirected returns what a call tells that was redirected to another host: no header may have
// IDs there, whatever it is called.
func (p *probe) inRedirected(a arrival) seen {
	k := known{}
	k.add([]*probe{p})
	for _, name := range sortedNames(a.header) {
		for _, value := range a.header[name] {
			what := "" // not all of the value, which may have a secret: a Referer has
			found := k.find(value)
			switch {
			case carriesTrace(name):
				what = value
			case len(found) > 0:
				what = found[0].text
			case k.span(value) != nil:
				what = p.SpanID
			}
			if what != "" {
				return seen{probe: p, where: inSentOn, kind: Leaked, what: "in " + shown(name) + " there is " + what}
			}
		}
	}
	if hasBaggage(a.header) {
		return seen{probe: p, where: inSentOn, kind: Leaked, what: "the caller's baggage is there"}
	}
	return seen{probe: p, where: inSentOn, kind: withheld}
}

// baggage is what the canary that is redirected has besides.
const baggage = "clew.doctor=canary"

func hasBaggage(h http.Header) bool { return strings.Contains(h.Get("Baggage"), baggage) }

func (p *probe) inCall(a arrival) (all []seen) {
	for _, name := range sortedNames(a.header) {
		if p.Mark != "" && strings.Contains(strings.Join(a.header[name], ","), p.Mark) {
			all = append(all, seen{probe: p, where: inSentOn, kind: Echoed, what: "in " + shown(name)})
		}
	}
	if hasBaggage(a.header) {
		all = append(all, seen{probe: p, where: inSentOn, kind: withBaggage})
	}
	on := carriedBy(a.header)
	if !p.Hostile { // a proxy passes malformed ones on
		for i, c := range on {
			if c.wrong != "" {
				all = append(all, seen{probe: p, where: inSentOn, kind: Malformed, what: c.wrong})
			}
			if c.wrong != "" && i == 0 {
				return all
			}
		}
	}
	on = slices.DeleteFunc(on, func(c carried) bool { return c.wrong != "" })
	if s := p.other(on, a); s != nil {
		return append(all, *s)
	}
	if p.Hostile && passedOn(p.Header, a.header) {
		return all
	}
	first := on[0]
	if p.TraceID != "" {
		all = append(all, p.identity(first))
	} else if sameLow(first.trace, p.Refused) {
		all = append(all, seen{probe: p, where: inSentOn, kind: Misread, what: "in " + first.name + " is " + first.trace + ", out of a malformed header"})
	}
	if len(carriedBy(p.Header)) < 2 { // else the mixture may be ours
		all = append(all, p.mixed(on)...)
	}
	if p.TraceID == "" || sameLow(first.trace, p.TraceID) {
		all = append(all, p.decision(inSentOn, first)...)
	}
	return all
}

// passedOn tells whether a call has a canary's headers as they were.
func passedOn(sent, arrived http.Header) bool {
	for name, values := range sent {
		if !slices.Equal(values, arrived[name]) {
			return false
		}
	}
	return true
}

// mixed tells whether a call has headers that disagree on the trace or the span, or an old parent
// beside a new span.
func (p *probe) mixed(on []carried) []seen {
	first := on[0]
	if p.Parent != "" && strings.EqualFold(first.parent, p.Parent) && !strings.EqualFold(first.span, p.SpanID) {
		return []seen{{probe: p, where: inSentOn, kind: Mixed, what: fmt.Sprintf("beside the new span %s, in %s, is the parent that came in, %s", first.span, first.name, first.parent)}}
	}
	for _, c := range on[1:] {
		switch {
		case !c.hasTrace || !first.hasTrace:
		case !sameLow(c.trace, first.trace):
			return []seen{{probe: p, where: inSentOn, kind: Mixed, what: fmt.Sprintf("in %s is the trace %s, in %s is %s", first.name, first.trace, c.name, c.trace)}}
		case !strings.EqualFold(c.span, first.span):
			return []seen{{probe: p, where: inSentOn, kind: Mixed, what: fmt.Sprintf("in %s is the span %s, in %s is %s", first.name, first.span, c.name, c.span)}}
		}
	}
	return nil
}

// identity tells what has become of the trace that a call carries.
func (p *probe) identity(c carried) seen {
	what := "in " + c.name + " is " + c.trace
	switch {
	case !sameLow(c.trace, p.TraceID) && sameLow(c.trace, p.Refused):
		return seen{probe: p, where: inSentOn, kind: Misread, what: what + ", out of a malformed header"}
	case !c.hasTrace:
		return seen{probe: p, where: inSentOn, kind: Dropped}
	case !sameLow(c.trace, p.TraceID):
		return seen{probe: p, where: inSentOn, kind: Restarted, what: what}
	}
	s := p.matched(inSentOn, mention{probe: p, text: c.trace}, "in "+c.name)
	if s.kind == Adopted && strings.EqualFold(c.span, p.SpanID) {
		s.kind = Unchanged
	}
	return s
}

// other is what a call tells that carries no trace of B3's or W3C's. Another vendor's header may
// carry it; an ID in any other header is only noted. Nil: it carries one.
func (p *probe) other(on []carried, a arrival) *seen {
	if p.State == "" && !p.Hostile && len(on) > 0 && !on[0].hasTrace && on[0].state == canary.Deny {
		return &seen{probe: p, where: inSentOn, kind: Resampled, what: "no trace came in, and a deny without an ID is sent on: services behind it record nothing"}
	}
	if len(on) > 0 && (on[0].hasTrace || p.TraceID == "") {
		return nil
	}
	dropped := &seen{probe: p, where: inSentOn, kind: Dropped}
	if p.TraceID == "" && (p.State == "" || p.State == canary.Defer || len(on) == 0) {
		dropped.kind = nothing
	}
	if a.probe != p || p.TraceID == "" {
		return dropped
	}
	k := known{}
	k.add([]*probe{p})
	for _, name := range sortedNames(a.header) {
		for _, value := range a.header[name] {
			found := k.find(value)
			if len(found) > 0 && carriesTrace(name) {
				s := p.matched(inSentOn, found[0], "in "+shown(name))
				return &s
			}
			if len(found) > 0 {
				dropped.what = "the ID is in " + shown(name) + " alone, which no tracer reads"
			}
		}
	}
	return dropped
}
