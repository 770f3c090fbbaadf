// Package doctor tells what a running service does with a trace. It sends requests whose traces
// are known, canaries, and looks at what comes back, what the service logs, and what it sends on.
//
// The command clew doctor imports it, and nobody else.
package doctor

import (
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

// Config is what is sent, and where evidence comes from.
type Config struct {
	Agent   string        // the user agent's name and version
	Debug   bool          // send those that ask for debug
	Hostile bool          // send those by which services break
	Timeout time.Duration // for a request
	Wait    time.Duration // at most, for lines and calls that come after the answers
	Header  http.Header   // of each request; its Host is the request's
	TLS     *tls.Config   // nil: the system's

	Log    *Log    // the service's lines; nil: none are read
	Listen *Listen // what the service calls; nil: nothing
}

// A probe is a canary and what came of it.
type probe struct {
	canary.Row
	tag      string // in its user agent
	redirect bool   // the call that it leads to is redirected to another host
	answer   answer
	crashed  bool // it fails again and again, and requests without headers do not
}

// rows are what one target is sent, in this order. The first has no trace: it shows how the
// service answers others. Hostile ones come last, for they may end it.
func (c Config) rows() []probe {
	// OpenTelemetry pads short IDs, and others cut what was padded: one state is enough to see
	// that.
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

// redirected is the canary whose call is redirected to another host.
func redirected() probe {
	rows := canary.B3(canary.Random)
	i := slices.IndexFunc(rows, func(r canary.Row) bool { return r.State == canary.Accept && r.Encoding == canary.Multi })
	p := probe{Row: rows[i], redirect: true}
	p.Name += ", redirected"
	p.Header.Set("Baggage", baggage)
	return p
}

// Requests is how many requests each target is sent.
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

// Examine sends the canaries to a target, one after another, and returns what came of it. When ctx
// ends, that is what was seen so far.
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
		d.Requests = 0 // nobody was there to get them
	}
	c.judge(d, t, probes[:sent])
	if c.Log != nil {
		c.Log.owe(probes[:sent])
	}
	return d
}

// still is how long nothing more has come when nothing more is waited for.
const still = 600 * time.Millisecond

// settle waits until lines and calls have come that come later than their answers: all of them, or
// those after which there is none for a while.
func (c Config) settle(ctx context.Context, probes []*probe) {
	if c.Log == nil && c.Listen == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, c.Wait)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	last, since := -1, time.Now()
	for {
		missing, there := c.awaited(probes)
		if c.Log != nil {
			there += c.Log.unrelatedLines()
		}
		if there != last {
			last, since = there, time.Now()
		}
		if missing == 0 || there > 0 && time.Since(since) > still {
			return
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

// awaited counts the canaries of which there is no line, or no call, and those of which there is.
func (c Config) awaited(probes []*probe) (missing, there int) {
	for _, p := range probes {
		if p.answer.err != nil || p.TraceID == "" {
			continue
		}
		has := []bool{}
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
