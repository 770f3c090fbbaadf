package servicemap

import (
	"net/netip"
	"slices"
	"strings"
	"time"
)

// facts are what is known after everything was read. From then on, the number of a name is its
// index in the sorted list of names.
type facts struct {
	byRoute    bool
	limits     limits
	services   []string
	outside    []string // the names of hosts, as the graph has them
	operations []string

	atService, atOperation []uint16 // the new numbers, by the old ones
	atHost                 []uint16 // the place of a host in outside, by its old number
	named                  []uint16 // for each host in outside: the service with its name; 0: none
	sure                   []bool   // for each host in outside: the name alone proves that service
	address                []bool   // for each host in outside: an address, so it may be anyone
	heard                  heard    // by the new numbers
	period                 period
	serves                 []bool // for each service: it has lines of requests
	settled                int64  // callers in traces that ended before this time have ended, too
}

// facts returns what is known after reading.
func (b *Builder) facts() *facts {
	f := &facts{byRoute: b.config.ByRoute, limits: b.config.limits}
	f.services, f.atService = b.services.sorted()
	f.operations, f.atOperation = b.operations.sorted()
	f.hosts(b.hosts.sorted())

	f.heard, f.serves = newHeard(), make([]bool, len(f.services))
	f.heard.longest = b.heard.longest
	for n, v := range b.heard.voices {
		service := f.atService[n]
		f.heard.voices[service] = v
		f.serves[service] = v.requests > 0
		if v.any {
			f.period.add(v.from)
			f.period.add(v.until)
		}
	}
	f.settled = f.period.until - max(int64(patience), unpack(f.heard.longest))
	return f
}

// patience is how long a caller may still be at work after its callee has ended. If the lines end
// in this time, the caller has no line yet. A longer duration in any line replaces patience.
const patience = 5 * time.Second

// hosts sets the facts about the hosts that were called. Hosts that differ only in port 80 or 443
// become one.
func (f *facts) hosts(raw []string, at []uint16) {
	f.outside = make([]string, len(raw))
	for i, host := range raw {
		f.outside[i] = outsideName(host)
	}
	slices.Sort(f.outside)
	f.outside = slices.Compact(f.outside)
	f.atHost = make([]uint16, len(raw))
	for n, i := range at {
		where, _ := slices.BinarySearch(f.outside, outsideName(raw[i]))
		f.atHost[n] = uint16(where)
	}
	known := map[string]uint16{}
	for i, name := range f.services {
		if i > otherName {
			known[strings.ToLower(name)] = uint16(i)
		}
	}
	f.named, f.sure, f.address = make([]uint16, len(f.outside)), make([]bool, len(f.outside)), make([]bool, len(f.outside))
	for i, host := range f.outside {
		f.named[i] = serviceNamed(host, known)
		f.sure[i] = f.named[i] != noName && !isPublic(host)
		f.address[i] = isAddress(host)
	}
}

// publicEnds are the last parts of public domain names. Any last part with two letters counts as
// public, too. A host with such a name may be somebody else's: its name alone does not make
// api.bank.com the service api.
var publicEnds = []string{"com", "net", "org", "io", "dev", "app", "cloud", "info", "biz", "gov", "edu", "mil", "int", "xyz", "tech", "online", "site"}

// isPublic reports whether a host's name looks like a public domain name, and not like a name
// inside of a cluster.
func isPublic(host string) bool {
	host = withoutPort(host)
	i := strings.LastIndexByte(host, '.')
	return i > 0 && (len(host)-i-1 == 2 || slices.Contains(publicEnds, host[i+1:]))
}

// isAddress reports whether a host is an IP address or localhost.
func isAddress(host string) bool {
	host = withoutPort(host)
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil || host == "localhost"
}

func withoutPort(host string) string {
	if i := strings.LastIndexByte(host, ':'); i > 0 && !strings.HasSuffix(host, "]") {
		return host[:i]
	}
	return host
}

// noHost stands for the host if the line of a call names none.
const noHost = "(no host)"

// outsideName returns a host's name in the graph. It removes port 80 or 443, because a caller may
// write it or leave it out.
func outsideName(host string) string {
	host = strings.ToLower(strings.TrimSpace(host))
	host = strings.TrimSuffix(strings.TrimSuffix(host, ":80"), ":443")
	if host == "" {
		return noHost
	}
	return host
}

// serviceNamed returns the service with a host's name; 0: none. For price.prod.svc:8080, that is
// the service price.prod.svc, or else price. The other parts are not looked up: a namespace or a
// domain may have the name of another service.
func serviceNamed(host string, known map[string]uint16) uint16 {
	host = withoutPort(host)
	if n, ok := known[host]; ok {
		return n
	}
	first, _, _ := strings.Cut(host, ".")
	return known[first]
}

// portOf returns the port of a host with its colon. It returns "" if the host has no port.
func portOf(host string) string { return host[len(withoutPort(host)):] }

// called returns the service with the name of a call's host; 0: none. The call must be over HTTP,
// because a database may have the name of the service that uses it.
func (f *facts) called(c *row) uint16 {
	if c.answer == 0 { // neither a status nor an attempt
		return noName
	}
	return f.named[c.link]
}

// sort replaces the numbers in a row by the new numbers.
func (f *facts) sort(r *row) {
	r.service, r.operation = f.atService[r.service], f.atOperation[r.operation]
	if r.kind() == isCall {
		r.link = uint64(f.atHost[r.link])
	}
}

// A nodeKey is the number of a node: a service and one of its operations, or a host outside.
type nodeKey uint32

const outsideNode nodeKey = 1 << 31

func (f *facts) node(service, operation uint16) nodeKey {
	if !f.byRoute {
		operation = noName
	}
	return nodeKey(service)<<16 | nodeKey(operation)
}

func (f *facts) host(r *row) nodeKey { return outsideNode | nodeKey(r.link) }

// otherNode has everything that has no node of its own.
const otherNode = nodeKey(otherName) << 16

// noService is the name of a service if its lines have none.
const noService = "(no name)"

func (f *facts) service(n uint16) string {
	if n == noName {
		return noService
	}
	return f.services[n]
}

// name returns the name of a node.
func (f *facts) name(k nodeKey) string {
	switch operation := uint16(k); {
	case k&outsideNode != 0:
		return f.outside[k&^outsideNode]
	case operation != noName:
		return f.service(uint16(k>>16)) + " " + f.operations[operation]
	}
	return f.service(uint16(k >> 16))
}
