package zipkin

import (
	"net"
	"net/http"
	"net/url"
	"time"
)

// sender posts batches to one collector. Its methods are called by one goroutine at a time.
type sender struct {
	endpoint string // without user and password: errors may quote it
	user     *url.Userinfo
	client   *http.Client
	timeout  time.Duration   // how long a post may take
	own      *http.Transport // the client's transport, if the sender has made it and must close it
	sizes
	yield func() // called between two pieces that are compressed; nil: never
	plain int    // how many of the next batches are posted without compression
}

func newSender(endpoint *url.URL, client *http.Client, sizes sizes) *sender {
	bare := *endpoint
	bare.User = nil
	s := &sender{endpoint: bare.String(), user: endpoint.User, timeout: postTime, sizes: sizes}
	var c http.Client
	if client != nil {
		c = *client
	} else {
		// This is no clone of http.DefaultTransport, because the program may have replaced that.
		s.own = &http.Transport{
			Proxy:               http.ProxyFromEnvironment,
			DialContext:         (&net.Dialer{Timeout: postTime}).DialContext,
			TLSHandshakeTimeout: postTime,
			MaxIdleConns:        1,
			IdleConnTimeout:     30 * time.Second,
			ForceAttemptHTTP2:   true,
		}
		c.Transport = s.own
	}
	c.Transport = homebound{c.Transport}
	s.client = &c
	return s
}

func (s *sender) close() {
	if s.own != nil {
		s.own.CloseIdleConnections()
	}
}

// body returns part of b as the body of a post.
func (s *sender) body(b *batch, part spans, plain bool) body {
	text := b.array(part)
	if plain {
		return body{text, true}
	}
	return newBody(text, s.maxBody, s.yield)
}
