package doctor

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"time"
)

// dial dials the addresses that were looked up, or a proxy by its name.
func (t *Target) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	if t.proxy != nil {
		return d.DialContext(ctx, network, address)
	}
	good := int(t.good.Load())
	addrs := append([]netip.Addr{t.addrs[good]}, t.addrs[:good]...)
	addrs = append(addrs, t.addrs[good+1:]...)
	conn, at, err := race(ctx, addrs, func(ctx context.Context, a netip.Addr) (net.Conn, error) {
		return d.DialContext(ctx, network, net.JoinHostPort(a.String(), t.port))
	})
	if err != nil {
		return nil, err
	}
	switch {
	case at == 0: // the same address as before
	case at <= good:
		t.good.Store(int32(at - 1))
	default:
		t.good.Store(int32(at))
	}
	return &polite{Conn: conn, spoken: make(chan struct{})}, nil
}

// headStart is how long one address is dialled alone, before the next one is dialled at the same
// time. RFC 8305 recommends it.
const headStart = 250 * time.Millisecond

// race dials addresses in their order. It dials the next address when the one before has failed or
// is slow. It returns the first connection, and the index of its address. Later connections are
// closed.
func race(ctx context.Context, addrs []netip.Addr, dial func(context.Context, netip.Addr) (net.Conn, error)) (net.Conn, int, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // does not harm a connection that was made
	type result struct {
		conn net.Conn
		at   int
		err  error
	}
	results := make(chan result)
	started, running := 0, 0
	start := func() {
		if at := started; at < len(addrs) {
			started++
			running++
			go func() {
				conn, err := dial(ctx, addrs[at])
				results <- result{conn, at, err}
			}()
		}
	}
	slow := time.NewTicker(headStart)
	defer slow.Stop()
	var won, lost result
	for start(); running > 0; {
		select {
		case r := <-results:
			running--
			switch {
			case r.err == nil && won.conn == nil:
				won = r
				started = len(addrs)
				cancel()
			case r.err == nil:
				r.conn.Close()
			default:
				if lost.err == nil {
					lost = r
				}
				slow.Reset(headStart)
				start()
			}
		case <-slow.C:
			start()
		}
	}
	if won.conn != nil {
		return won.conn, won.at, nil
	}
	return nil, 0, lost.err
}

// polite is a connection that reads only after it has written. Some servers send bytes before the
// request, such as SSH's greeting. net/http would not take them as an answer, but would write them
// to the log.
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
