// Package route takes a request's route from the router that found it outwards, to the span and
// the access line. A router writes the pattern into the request that it is given, which may be a
// copy.
//
// Packages httpmw and trace import it. It is a package of its own because trace.SetRoute writes
// what httpmw reads, and trace must not import httpmw.
package route

import (
	"context"
	"strings"
	"sync/atomic"
)

// Cell is where the route of a request is written. It is in the request's context, which copies of
// the request share. The zero value is empty. Its methods are safe for concurrent use:
// http.TimeoutHandler runs routers in another goroutine. The fields are set before the handler
// runs.
type Cell struct {
	template atomic.Pointer[string]

	// Made says that the request has not come from a client. A handler may serve its request by
	// requests of its own, in the same context.
	Made bool

	// Wanted says that somebody will read the cell. Else only SetRoute writes into it, since a
	// write costs an allocation.
	Wanted bool

	// Outside says that the cell is that of an AccessLog outside of New.
	Outside bool
}

// Set writes template, unless one stands there that says more. Routers within routers may each
// speak, and some know their template before they call a handler, some afterwards.
func (c *Cell) Set(template string) {
	for template != "" {
		old := c.template.Load()
		if old != nil && !saysMore(template, *old) || c.template.CompareAndSwap(old, &template) {
			return
		}
	}
}

// saysMore reports whether template says more of the route than old. A template that leaves the
// rest of the path open says less than one that does not. Of two of a kind the longer path says
// more.
func saysMore(template, old string) bool {
	if open := isOpen(template); open != isOpen(old) {
		return !open
	}
	return len(path(template)) > len(path(old))
}

func isOpen(template string) bool {
	return strings.HasSuffix(template, "/") || strings.HasSuffix(template, "...}")
}

// path is template without the host that it may begin with.
func path(template string) string {
	if i := strings.IndexByte(template, '/'); i >= 0 {
		return template[i:]
	}
	return template
}

// Offer writes template if nothing stands there yet.
func (c *Cell) Offer(template string) {
	if template != "" {
		c.template.CompareAndSwap(nil, &template)
	}
}

// Get returns the route, "" without one.
func (c *Cell) Get() string {
	if template := c.template.Load(); template != nil {
		return *template
	}
	return ""
}

var wanted atomic.Bool

// Want makes Wanted true, for good: somebody reads cells.
func Want() {
	if !wanted.Load() {
		wanted.Store(true)
	}
}

// Wanted reports whether a New has to look for a cell further out. In a program without access log
// and spans none has, and it costs a walk through the context.
func Wanted() bool { return wanted.Load() }

// Key is the key of the cell in a context.
type Key struct{}

// Of returns the cell of ctx, nil without one.
func Of(ctx context.Context) *Cell {
	if ctx == nil {
		return nil
	}
	c, _ := ctx.Value(Key{}).(*Cell)
	return c
}
