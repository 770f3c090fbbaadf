package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
)

const (
	idleTimeout = 30 * time.Second
	idlePerHost = 32

	// An attempt may take attemptTime plus the time for its bytes. The time for the bytes is their
	// number divided by slowest, which is a rate in bytes a second.
	attemptTime = 15 * time.Second
	slowest     = 128 << 10

	// maxAnswer is the maximum size of an answer to a request without a range: a page of a
	// listing, or an error.
	maxAnswer = 16 << 20
)

// client sends the attempts of requests, each with a time limit, and counts them. It reads each
// answer to the end, so that an attempt fails if its answer breaks off.
type client struct {
	next   aws.HTTPClient
	idle   interface{ CloseIdleConnections() } // nil: the client is the user's
	counts counts
}

// newClient returns a client with its own connections. If the user's client is not of the SDK's
// type, it is used unchanged.
func newClient(given aws.HTTPClient) *client {
	buildable, ok := given.(*awshttp.BuildableClient)
	if given == nil {
		buildable, ok = awshttp.NewBuildableClient(), true
	}
	if !ok {
		return &client{next: given}
	}
	transport := buildable.GetTransport() // a copy
	transport.IdleConnTimeout = idleTimeout
	transport.MaxIdleConns, transport.MaxIdleConnsPerHost = idlePerHost, idlePerHost
	own := &http.Client{
		Transport: transport,
		Timeout:   buildable.GetTimeout(),
		// Redirects are not followed: no event goes to another server, and the error of a redirect
		// names the region.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return &client{next: own, idle: own}
}

func (c *client) closeIdle() {
	if c.idle != nil {
		c.idle.CloseIdleConnections()
	}
}

// errSlow is the error of an attempt that took too long. After it, the SDK makes another attempt.
var errSlow = errors.New("no answer in time")

// Do sends one attempt of a request.
func (c *client) Do(req *http.Request) (*http.Response, error) {
	if l, ok := req.Context().Value(leaseKey{}).(*lease); ok && !l.valid() {
		return nil, errLost // the lease may have ended while this process was paused
	}
	c.counts.begin(req)
	limit := answerLimit(req)
	expected := max(0, req.ContentLength)
	if req.Header.Get("Range") != "" {
		expected += limit
	}
	ctx, cancel := context.WithTimeoutCause(req.Context(), attemptTime+time.Duration(expected)*time.Second/slowest, errSlow)
	defer cancel()
	resp, err := c.attempt(req.WithContext(ctx), limit)
	if err != nil && context.Cause(ctx) == errSlow {
		return nil, errSlow
	}
	return resp, err
}

func (c *client) attempt(req *http.Request, limit int64) (*http.Response, error) {
	resp, err := c.next.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	c.counts.written.Add(max(0, req.ContentLength))
	body, err := readBody(req, resp, limit)
	c.counts.read.Add(int64(len(body)))
	if err != nil {
		return nil, err
	}
	resp.Body = io.NopCloser(bytes.NewReader(body))
	return resp, nil
}

func readBody(req *http.Request, resp *http.Response, limit int64) ([]byte, error) {
	if req.Method == http.MethodHead {
		return nil, nil
	}
	if resp.StatusCode >= 300 {
		limit = maxAnswer
	}
	if resp.ContentLength > limit {
		return nil, &refusal{fmt.Sprintf("an answer of %d bytes, but at most %d were requested", resp.ContentLength, limit)}
	}
	var body bytes.Buffer
	if resp.ContentLength > 0 {
		body.Grow(int(resp.ContentLength) + bytes.MinRead)
	}
	n, err := body.ReadFrom(io.LimitReader(resp.Body, limit+1))
	switch {
	case err != nil:
		return body.Bytes(), err
	case n > limit:
		return body.Bytes(), &refusal{fmt.Sprintf("an answer of more than %d bytes", limit)}
	case n < resp.ContentLength: // not every HTTP client reports this
		return body.Bytes(), io.ErrUnexpectedEOF
	}
	return body.Bytes(), nil
}

// answerLimit returns the maximum size of the answer to req.
func answerLimit(req *http.Request) int64 {
	text, ok := strings.CutPrefix(req.Header.Get("Range"), "bytes=")
	if !ok {
		return maxAnswer
	}
	first, last, _ := strings.Cut(text, "-")
	end, err := strconv.ParseInt(last, 10, 64)
	if err != nil {
		return maxAnswer
	}
	if first == "" {
		return end
	}
	begin, err := strconv.ParseInt(first, 10, 64)
	if err != nil || begin > end {
		return maxAnswer
	}
	return end - begin + 1
}
