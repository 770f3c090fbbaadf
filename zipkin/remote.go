package zipkin

import (
	"net/netip"
	"strconv"
	"strings"

	"example.com/clew/internal/redact"
	"go.opentelemetry.io/otel/attribute"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// remote is the other side of a span, as far as OpenTelemetry's conventions, of today and of before 2023, tell it.
type remote struct {
	peer   string // what somebody has called it
	host   string // of a client's server: a name or an address
	addr   string // of the connection
	client string // a server's client, as proxies tell it: an address, since anybody can say anything
	system string // a client's database, a broker, a service of AWS
	port   int64
}

// read takes what an attribute says of the other side. For a server that is not server.address, which is its own.
func (r *remote) read(kind oteltrace.SpanKind, kv attribute.KeyValue) {
	set := func(to *string) {
		if text := kv.Value.AsString(); text != "" { // "" if it is none
			*to = text
		}
	}
	served := kind == oteltrace.SpanKindServer
	switch kv.Key {
	case "service.peer.name", "peer.service":
		set(&r.peer)
	case "network.peer.address", "net.sock.peer.addr":
		set(&r.addr)
	case "network.peer.port", "net.sock.peer.port":
		r.port = kv.Value.AsInt64() // 0 if it is none
	case "server.address", "net.peer.name":
		if !served {
			set(&r.host)
		}
	case "server.port", "net.peer.port":
		if !served && r.port == 0 {
			r.port = kv.Value.AsInt64()
		}
	case "client.address":
		if served {
			set(&r.client)
		}
	case "db.system.name", "db.system", "messaging.system", "rpc.service":
		if !served {
			set(&r.system)
		}
	}
}

// append appends a remoteEndpoint. Zipkin's graph has an edge to it where it has a name, and has sent no spans
// of its own.
func (r *remote) append(dst []byte) []byte {
	addr := address(r.addr)
	name, host := redact.Text(r.peer), redact.Host(r.host)
	if ip := address(host); !ip.IsValid() {
		name = first(name, host)
	} else if !addr.IsValid() {
		addr = ip
	}
	if !addr.IsValid() {
		addr = address(r.client)
	}
	e := endpoint{service: first(name, redact.Text(r.system)), addr: addr, port: r.port}
	return e.append(dst, `,"remoteEndpoint":{`)
}

// address is text as an IP address, not a valid one if it is none. Names are not parsed: the error would be an
// allocation.
func address(text string) netip.Addr {
	if text == "" || (text[0] < '0' || text[0] > '9') && strings.IndexByte(text, ':') < 0 {
		return netip.Addr{}
	}
	ip, _ := netip.ParseAddr(text)
	return ip
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// endpoint is an Endpoint of Zipkin's schema.
type endpoint struct {
	service string
	addr    netip.Addr
	port    int64 // nothing that is not one is written
}

// append appends e after the opening, or nothing at all if it says nothing.
func (e endpoint) append(dst []byte, opening string) []byte {
	start := len(dst)
	dst = append(dst, opening...)
	empty := len(dst)
	if e.service != "" {
		dst = append(dst, `"serviceName":`...)
		dst = append(appendLower(dst, e.service), ',')
	}
	if ip := e.addr.WithZone("").Unmap(); ip.IsValid() {
		if ip.Is4() {
			dst = append(dst, `"ipv4":"`...)
		} else {
			dst = append(dst, `"ipv6":"`...)
		}
		dst = append(ip.AppendTo(dst), `",`...)
	}
	if len(dst) == empty {
		return dst[:start]
	}
	if e.port > 0 && e.port <= 65535 {
		dst = append(dst, `"port":`...)
		dst = append(strconv.AppendInt(dst, e.port, 10), ',')
	}
	dst[len(dst)-1] = '}' // the last comma
	return dst
}
