package doctor

import (
	"context"
	"net/http"
)

// mostLate is the number of requests that may time out. After that, no more are sent.
const mostLate = 3

// mostAgain is how many failed canaries are sent again, each between two requests without headers.
const mostAgain = 6

// More returns how many more requests a target may get if some fail.
func (Config) More() int { return 3*mostAgain + 1 }

// courier sends canaries, the test requests of clew doctor, to a target, one after another.
type courier struct {
	Config
	target    *Target
	transport *http.Transport
	none      *probe // the canary without headers
	requests  int    // how many were sent
	spare     int    // how many canaries may still be sent again
}

// sendAll sends the canaries, and returns how many were sent. It stops when ctx ends, when the
// first two had no answer, or after mostLate timeouts.
func (c *courier) sendAll(ctx context.Context, probes []*probe) (sent int) {
	failed, late, noneAgain := 0, 0, false
	for _, p := range probes {
		if c.send(ctx, p); ctx.Err() != nil {
			break
		}
		sent++
		if p.answer.err != nil {
			failed++
		}
		if p.answer.err != nil && p.answer.late {
			late++
		}
		if failed == sent && failed == 2 || late == mostLate {
			break
		}
		if p.answer.failed() && p != c.none {
			c.again(ctx, p)
		} else if c.none.answer.failed() && p != c.none && !noneAgain {
			noneAgain = true
			c.send(ctx, c.none)
		}
	}
	killed(probes[:sent])
	return sent
}

func (c *courier) send(ctx context.Context, p *probe) {
	if c.Listen != nil {
		c.Listen.begin(p)
	}
	a := c.Config.send(ctx, c.transport, c.target, p)
	if ctx.Err() == nil || p.answer.status == 0 {
		p.answer = a
	}
	if ctx.Err() == nil {
		c.requests++
	}
}

// again repeats a canary that has failed. Services fail now and then. So a canary has crashed the
// service only if the canary fails again, and the requests without headers before and after it
// succeed.
func (c *courier) again(ctx context.Context, p *probe) {
	if c.spare == 0 {
		return
	}
	c.spare--
	if !c.well(ctx) {
		return
	}
	if c.send(ctx, p); p.answer.failed() {
		p.crashed = c.well(ctx)
	}
}

// well reports whether the service answers a request without headers, with a status below 500.
func (c *courier) well(ctx context.Context) bool {
	p := *c.none
	c.send(ctx, &p)
	return ctx.Err() == nil && p.answer.err == nil && p.answer.status < 500
}
