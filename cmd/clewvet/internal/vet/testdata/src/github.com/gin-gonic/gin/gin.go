package gin

import (
	"net/http"
	"time"
)

type Context struct{ Request *http.Request }

func (c *Context) Deadline() (t time.Time, ok bool) { return }
func (c *Context) Done() <-chan struct{}            { return nil }
func (c *Context) Err() error                       { return nil }
func (c *Context) Value(key any) any                { return nil }

type HandlerFunc func(*Context)

func (c *Context) Set(key string, value any) {}
