package httpclient

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"time"

	"example.com/clew/internal/clip"
	"example.com/clew/internal/line"
	"example.com/clew/internal/redact"
	"example.com/clew/internal/seam"
)

// call collects the line of an attempt, and writes it.
type call struct {
	log     *callLog
	begin   time.Time
	url     *url.URL // the request's URL; nil if it is not known
	record  line.Call
	pending line.Pending
	body    body // wraps the answer's body, if the line waits for the body's end
}

// start begins the line of an attempt. number is the attempt's number, from 1.
func (c *call) start(log *callLog, number int) {
	c.log, c.begin = log, time.Now()
	c.record.Attempt = number
}

// describe puts the request on the line.
func (c *call) describe(r *http.Request) {
	c.url = r.URL
	c.record.Method = clip.Text(methodOf(r.Method))
	c.record.Host = clip.Text(redact.Host(r.URL.Host))
	c.record.Path = clip.Text(redact.Text(r.URL.Path))
}

// answered is called when the answer's header has arrived, or when the attempt has failed.
func (c *call) answered(status int) {
	c.record.Status, c.record.Duration = status, time.Since(c.begin)
}

// bodyless reports whether an answer has no body, although its Body is not http.NoBody. In
// HTTP/2, net/http has a type of its own for such a Body, and a length of 0 means no body. In
// HTTP/1, a length of 0 may mean that a RoundTripper has not set the length.
func (c *call) bodyless(resp *http.Response) bool {
	switch resp.StatusCode {
	case http.StatusNoContent, http.StatusNotModified:
		return true
	}
	return c.record.Method == http.MethodHead || resp.ProtoMajor == 2 && resp.ContentLength == 0
}

// ended writes the line when the body of the answer has ended.
func (c *call) ended(err error) {
	c.record.Body = time.Since(c.begin)
	c.write(err)
}

// write writes the line. err is nil if the attempt has not failed.
func (c *call) write(err error) {
	ctx := c.pending.Context
	if err != nil {
		if outOfTime(ctx, err) {
			err = context.DeadlineExceeded
		}
		if c.record.Error, _ = tell(err, c.url); c.record.Error == "" {
			c.record.Error = "error"
		}
	}
	level := c.level(ctx, err)
	span := seam.Look(ctx)
	c.record.ParentID, c.record.Sampled = span.Parent, span.Sampled
	c.pending.Record, c.pending.IDs = &c.record, span.Text
	c.log.loggers.Write(&c.pending, level, span.Debug)
}

func (c *call) level(ctx context.Context, err error) slog.Level {
	status := c.record.Status
	switch {
	case c.log.Level != nil:
		return c.log.Level(status, err)
	case err != nil && gaveUp(ctx, err):
		return slog.LevelInfo
	case status >= 500, err != nil:
		return slog.LevelError
	case status >= 400:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}
