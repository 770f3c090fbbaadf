package source

import (
	"crypto/tls"
	"time"
)

// SetTimeout replaces the time limit of a read.
func (s *Source) SetTimeout(d time.Duration) { s.timeout = d }

// SetTLS replaces the TLS configuration of s, which says what certificates s trusts.
func (s *Source) SetTLS(c *tls.Config) { s.web.transport.TLSClientConfig = c }

// LoopbackOnly returns the error with which a Source refuses to connect to address by http.
func LoopbackOnly(address string) error { return loopbackOnly("tcp", address, nil) }

const (
	MaxTotal   = maxTotal
	Settle     = settle
	WholeEvery = wholeEvery
)
