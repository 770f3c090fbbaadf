// Package route passes the route of a request outwards, from the router that found it to the span
// and the access line. The request itself cannot do so: a router writes the pattern into its own
// request, which may be a copy.
//
// Packages httpmw and trace import it. It is a package of its own because trace.SetRoute writes
// what httpmw reads, and trace must not import httpmw.
package route

import (
	"context"
	"strings"
	"sync/atomic"
)

// Cell holds the route of a request. It is in the request's context, which copies of the request
// share. The zero value is empty. The methods are safe for concurrent use, because
// http.TimeoutHandler runs routers in another goroutine. The exported fields are set before the
// handler runs.
type Cell struct {
	template atomic.Pointer[string]

	// Made means that no client has sent the request. A handler may serve its request by further
	// requests that it makes itself, in the same context.
	Made bool

	// Wanted means that the cell will be read. Otherwise only SetRoute writes into the cell,
	// because a write costs an allocation.
	Wanted bool

	// Outside means that the cell belongs to an AccessLog that is around the middleware of New.
	Outside bool
}

// Set writes template, unless the cell has a more specific one. Each router within a router may
// call Set, before it calls its handler or afterwards.
func (c *Cell) Set(template string) {
	for template != "" {
		old := c.template.Load()
		if old != nil && !saysMore(template, *old) || c.template.CompareAndSwap(old, &template) {
			return
		}
	}
}

// saysMore reports whether template is more specific than old. A template that leaves the end of
// the path open is less specific than one that does not. If both do, or neither, the template with
// the longer path is more specific.
func saysMore(template, old string) bool {
	if open := isOpen(template); open != isOpen(old) {
		return !open
	}
	return len(path(template)) > len(path(old))
}

func isOpen(template string) bool {
	return strings.HasSuffix(template, "/") || strings.HasSuffix(template, "...}")
}

// path returns template without a host at its beginning.
func path(template string) string {
	if i := strings.IndexByte(template, '/'); i >= 0 {
		return template[i:]
	}
	return template
}

// Offer writes template if the cell is empty.
func (c *Cell) Offer(template string) {
	if template != "" {
		c.template.CompareAndSwap(nil, &template)
	}
}

// Get returns the route, or "" if the cell is empty.
func (c *Cell) Get() string {
	if template := c.template.Load(); template != nil {
		return *template
	}
	return ""
}

var wanted atomic.Bool

// Want makes Wanted true for good. Code that reads cells calls it.
func Want() {
	if !wanted.Load() {
		wanted.Store(true)
	}
}

// Wanted reports whether httpmw.New has to look for a cell that an outer handler has made. The
// search walks through the context. A program without access log and spans does not need it.
func Wanted() bool { return wanted.Load() }

// Key is the key of the cell in a context.
type Key struct{}

// Of returns the cell of ctx, or nil.
func Of(ctx context.Context) *Cell {
	if ctx == nil {
		return nil
	}
	c, _ := ctx.Value(Key{}).(*Cell)
	return c
}
