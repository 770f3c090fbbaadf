package zipkin

import (
	"net/netip"
	"strings"

	"example.com/clew/internal/redact"
	"go.opentelemetry.io/otel/attribute"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// remote is the other side of a span, as the attributes of OpenTelemetry's conventions describe
// it: those of today and those from before 2023.
type remote struct {
	peer   string // the name that somebody gave it
	host   string // of a client's server: a name or an address
	addr   string // of the connection
	client string // a server's client as proxies report it: believed only if it is an address
	system string // a client's database, a broker, a service of AWS
	port   int64
}

// read takes what an attribute says of the other side. The server.address of a server's span does
// not count: it is the server's own.
func (r *remote) read(kind oteltrace.SpanKind, kv attribute.KeyValue) {
	set := func(to *string) {
		if text := kv.Value.AsString(); text != "" { // "" if it is no string
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
		r.port = kv.Value.AsInt64() // 0 if it is no integer
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

// append appends a remoteEndpoint. Zipkin's graph has an edge to a remote that has a name and
// sends no spans of its own.
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

// address returns text as an IP address, or an invalid one. Names are not parsed, since the error
// would be an allocation.
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
