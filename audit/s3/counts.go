package s3

import (
	"net/http"
	"strings"
	"sync/atomic"
)

// counts counts requests, for [Store.Requests].
type counts struct {
	gets, puts, lists, deletes, heads, retries, read, written atomic.Int64
}

func (c *counts) begin(req *http.Request) {
	switch {
	case req.Method == http.MethodGet && req.URL.Query().Has("list-type"):
		c.lists.Add(1)
	case req.Method == http.MethodGet:
		c.gets.Add(1)
	case req.Method == http.MethodHead:
		c.heads.Add(1)
	case req.Method == http.MethodDelete:
		c.deletes.Add(1)
	default:
		c.puts.Add(1)
	}
	// The SDK numbers the attempts of a request: "attempt=2; max=8".
	if attempt, ok := strings.CutPrefix(req.Header.Get("Amz-Sdk-Request"), "attempt="); ok {
		if number, _, _ := strings.Cut(attempt, ";"); number != "1" {
			c.retries.Add(1)
		}
	}
}

func (c *counts) load() Requests {
	return Requests{
		Gets: c.gets.Load(), Puts: c.puts.Load(), Lists: c.lists.Load(), Deletes: c.deletes.Load(), Heads: c.heads.Load(),
		Retries: c.retries.Load(), BytesRead: c.read.Load(), BytesWritten: c.written.Load(),
	}
}
