package zipkin

import (
	"net/netip"
	"strconv"
)

// endpoint is an Endpoint of Zipkin's schema.
type endpoint struct {
	service string
	addr    netip.Addr
	port    int64 // not written if it is no valid port
}

// append appends opening and then e. If e is empty, it appends neither.
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
