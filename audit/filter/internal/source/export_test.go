package source

import (
	"crypto/tls"
	"time"
)

// SetTimeout replaces the time that a reading may take.
func (s *Source) SetTimeout(d time.Duration) { s.timeout = d }

// SetTLS replaces what s knows of certificates.
func (s *Source) SetTLS(c *tls.Config) { s.web.transport.TLSClientConfig = c }

// LoopbackOnly is what s asks before it connects by http.
func LoopbackOnly(address string) error { return loopbackOnly("tcp", address, nil) }

const (
	MaxTotal   = maxTotal
	Settle     = settle
	WholeEvery = wholeEvery
)
