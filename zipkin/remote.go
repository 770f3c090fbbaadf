package zipkin

import (
	"net/netip"
	"strings"

	"example.com/clew/internal/redact"
	"go.opentelemetry.io/otel/attribute"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// The type remote holds what a span's attributes say about the remote endpoint: the server of a
// client, the client of a server, or a broker. The attributes follow OpenTelemetry's conventions:
// those of today, or those from before 2023.
type remote struct {
	peer   string // the service's name, if an attribute gives one
	host   string // the server of a client's span: a name or an address
	addr   string // the address of the connection
	client string // a server's client, as proxies report it; used only if it is an address
	system string // the kind of a database or broker, or the name of an AWS service
	port   int64
}

// read stores what kv says about the remote endpoint. It ignores the server.address of a server's
// span, because that is the server's own address.
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

// append appends a remoteEndpoint. If it has a name, Zipkin's graph shows an edge to it, even if
// the remote service sends no spans.
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

// address returns the IP address in text, or an invalid Addr if text is no IP address. It does not
// pass a name to the parser, because the error would cost an allocation.
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
