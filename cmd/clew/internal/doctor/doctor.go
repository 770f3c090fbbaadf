// Package doctor finds out what a running service does with a trace. It sends canaries, which are
// requests with known traces, and looks at the answers, at the service's lines, and at the calls
// that the service makes.
//
// Only the command clew doctor imports it.
package doctor

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"net/http"
	"slices"
	"time"

	"example.com/clew/internal/canary"
)

// Config says which canaries are sent, and where to look for evidence.
type Config struct {
	Agent   string        // the user agent's name and version
	Debug   bool          // also send canaries with the debug flag
	Hostile bool          // also send malformed headers that are known to break services
	Timeout time.Duration // of a request
	Wait    time.Duration // the most time to wait for lines and calls after the answers
	Header  http.Header   // of each request; Host in it becomes the request's host
	TLS     *tls.Config   // nil: the system's

	Log    *Log    // the service's lines; nil: none are read
	Listen *Listen // the server for the service's calls; nil: none

	looks    int           // settle stops when so many looks have found nothing new; 0: stillLooks
	bodyWait time.Duration // how long to wait for the end of a body; 0: bodyWait
}

// A probe is a canary and its answer.
type probe struct {
	canary.Row
	tag      string // the part of the user agent that names the canary
	redirect bool   // the call that the service makes for it is redirected to another host
	answer   answer
	crashed  bool // the canary fails repeatedly, and requests without headers do not fail
}

// answered reports whether the canary had an answer.
func (p *probe) answered() bool { return p.answer.err == nil }

// rows returns the canaries for one target, in the order in which they are sent. The first canary
// has no trace: it shows how the service answers requests without a trace. Hostile canaries come
// last, because they may crash the service.
func (c Config) rows() []probe {
	// One state is enough to see whether a service cuts the zeros off an ID that begins with them.
	isSent := func(r canary.Row) bool {
		return r.Width == canary.Width64 || r.Width == canary.Width128 || r.Width == canary.ZeroHigh && r.State == canary.Accept
	}
	rows := []canary.Row{canary.None()}
	var debug []canary.Row
	for _, r := range canary.B3(canary.Random) {
		switch {
		case !isSent(r):
		case r.State == canary.Debug:
			debug = append(debug, r)
		default:
			rows = append(rows, r)
		}
	}
	rows = append(rows, canary.Traceparent(canary.Random)...)
	var all []probe
	add := func(rows []canary.Row) {
		for _, r := range rows {
			all = append(all, probe{Row: r})
		}
	}
	add(rows)
	if c.Listen != nil {
		all = append(all, redirected())
	}
	if c.Debug {
		add(append(debug, canary.Debugging(canary.Random)...))
	}
	if c.Hostile {
		add(canary.Hostile(canary.Random))
	}
	return all
}

// redirected returns the canary whose call is redirected to another host.
func redirected() probe {
	rows := canary.B3(canary.Random)
	i := slices.IndexFunc(rows, func(r canary.Row) bool { return r.State == canary.Accept && r.Encoding == canary.Multi })
	p := probe{Row: rows[i], redirect: true}
	p.Name += ", redirected"
	p.Header.Set("Baggage", baggage)
	return p
}

// Requests returns how many requests are sent to each target.
func (c Config) Requests() int { return len(c.rows()) }

// probes makes the canaries of a target.
func (c Config) probes() []*probe {
	var id [4]byte
	rand.Read(id[:])
	var all []*probe
	for i, p := range c.rows() {
		p.tag = fmt.Sprintf("%s-%d", hex.EncodeToString(id[:]), i+1)
		all = append(all, &p)
	}
	return all
}

// Examine sends the canaries to a target, one after another, and returns the diagnosis. When ctx
// ends, the diagnosis covers what was seen so far.
func (c Config) Examine(ctx context.Context, t *Target) *Diagnosis {
	d := &Diagnosis{URL: maskURL(t.URL)}
	if t.err != nil {
		d.unreachable(t.err.Error())
		return d
	}
	probes := c.probes()
	if c.Log != nil {
		c.Log.expect(t.URL.EscapedPath(), probes)
	}
	if c.Listen != nil {
		c.Listen.expect(probes)
	}
	by := &courier{Config: c, target: t, transport: c.transport(t), spare: mostAgain, none: probes[0]}
	defer by.transport.CloseIdleConnections()
	sent := by.sendAll(ctx, probes)
	d.Requests = by.requests
	c.settle(ctx, probes[:sent])
	if c.Listen != nil {
		c.Listen.begin(nil)
	}
	if !slices.ContainsFunc(probes, func(p *probe) bool { return p.answer.sent }) {
		d.Requests = 0 // there was no server
	}
	c.judge(d, t, probes[:sent])
	if c.Log != nil {
		c.Log.owe(probes[:sent])
	}
	return d
}

// At intervals of lookEvery, settle looks whether more lines and calls have come. When some have
// come, it stops after stillLooks looks in a row that find no new ones.
const (
	lookEvery  = 50 * time.Millisecond
	stillLooks = 12
)

// settle waits for lines and calls that come later than their answers. It returns when each canary
// has its lines and calls, when some have come and no more are coming, or when Config.Wait is
// over.
func (c Config) settle(ctx context.Context, probes []*probe) {
	if c.Log == nil && c.Listen == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, c.Wait)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for before, still := -1, 0; ; still++ {
		missing, there := c.awaited(probes)
		if c.Log != nil {
			there += c.Log.unrelatedLines()
		}
		if there != before {
			before, still = there, 0
		}
		if missing == 0 || there > 0 && still >= cmp.Or(c.looks, stillLooks) {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// awaited returns how many lines and calls of canaries are missing, and how many have come.
func (c Config) awaited(probes []*probe) (missing, there int) {
	for _, p := range probes {
		if !p.answered() || p.TraceID == "" {
			continue
		}
		var has []bool
		if c.Log != nil {
			has = append(has, c.Log.has(p))
		}
		if c.Listen != nil {
			has = append(has, c.Listen.has(p))
		}
		for _, h := range has {
			if h {
				there++
			} else {
				missing++
			}
		}
	}
	return missing, there
}
