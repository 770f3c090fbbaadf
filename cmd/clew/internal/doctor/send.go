package doctor

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Limits of an answer, in bytes.
const (
	maxBody   = 64 << 10  // of the body that is read
	maxHeader = 256 << 10 // of the header
	bodyHead  = 512       // of the body that is kept
)

// bodyWait is how long clew waits for the end of a body. A stream of events has no end, and all
// evidence is in the header.
const bodyWait = 500 * time.Millisecond

// answer is the answer to a canary.
type answer struct {
	status   int
	header   http.Header
	location string // the target of a redirect, for people; "": there is none
	head     []byte // the beginning of the body
	err      error  // why there is no answer, in plain words; nil: there is one
	sent     bool   // a connection was made, so a server may have got the request
	late     bool   // Config.Timeout was over
	broken   error  // why the body did not end well, in plain words
}

// failed reports whether the connection broke, or the answer says that the service is broken. A
// late answer is no failure: the service may be busy.
func (a answer) failed() bool { return a.err != nil && !a.late || a.status >= 500 }

// transport makes the transport of a target. It is used without a client, because a client would
// follow redirects. Each request has its own connection. So a service that breaks a connection
// does not harm the next request, and net/http does not repeat a request that the service may have
// read.
func (c Config) transport(t *Target) *http.Transport {
	transport := &http.Transport{
		DialContext: t.dial, TLSClientConfig: c.TLS, ForceAttemptHTTP2: true,
		DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: maxHeader,
	}
	if t.proxy != nil {
		transport.Proxy = http.ProxyURL(t.proxy)
	}
	return transport
}

// send sends a canary, and reads the answer.
func (c Config) send(ctx context.Context, transport *http.Transport, t *Target, p *probe) (a answer) {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	r, err := c.request(ctx, t, p)
	if err != nil {
		return answer{err: err}
	}
	var sent atomic.Bool
	defer func() {
		a.sent = sent.Load()
		a.late = errors.Is(ctx.Err(), context.DeadlineExceeded)
		if a.late && a.err != nil {
			a.err = fmt.Errorf("it did not answer in %v: is it busy, or no HTTP server? A larger --timeout waits longer", c.Timeout)
		} else if a.late {
			a.broken = fmt.Errorf("the body of its answer had not ended after %v", c.Timeout)
		}
	}()
	resp, err := transport.RoundTrip(r.WithContext(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { sent.Store(true) },
	})))
	if err != nil {
		return answer{err: sentence(err, func(text string) string { return c.maskOwn(text, t.URL) })}
	}
	defer resp.Body.Close()
	a = answer{status: resp.StatusCode, header: resp.Header, location: c.maskLocation(resp, t.URL)}
	if a.status == http.StatusSwitchingProtocols {
		return a // its body is a connection, and ctx does not end it
	}
	wait := cmp.Or(c.bodyWait, bodyWait)
	waited := time.AfterFunc(wait, cancel)
	body := io.LimitReader(resp.Body, maxBody)
	a.head, err = io.ReadAll(io.LimitReader(body, bodyHead))
	if err == nil {
		_, err = io.Copy(io.Discard, body)
	}
	switch inTime := waited.Stop(); {
	case err != nil && !inTime:
		a.broken = fmt.Errorf("the body of its answer had not ended after %v", wait)
	case err != nil:
		a.broken = fmt.Errorf("the body of its answer broke off: %s", short(err.Error()))
	}
	if a.status == http.StatusBadRequest && t.URL.Scheme == "http" && speaksTLS(string(a.head)) {
		return answer{err: errors.New("it wants TLS there: try https://")}
	}
	return a
}

// request makes the request of a canary.
func (c Config) request(ctx context.Context, t *Target, p *probe) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, t.URL.String(), nil)
	if err != nil {
		return nil, err
	}
	maps.Copy(r.Header, c.Header)
	maps.Copy(r.Header, p.Header)
	r.Host = c.Header.Get("Host")
	r.Header.Del("Host")
	r.Header.Set("Accept", "*/*")
	r.Header.Set("Cache-Control", "no-cache") // a cache's answer shows nothing about the service
	r.Header.Set("User-Agent", c.Agent+" ("+p.tag+")")
	if user := t.URL.User; user != nil && r.Header.Get("Authorization") == "" {
		password, _ := user.Password()
		r.SetBasicAuth(user.Username(), password)
	}
	return r, nil
}

// speaksTLS reports whether the body of a 400 says that the port expects TLS. Go's server and
// nginx send such a body.
func speaksTLS(body string) bool {
	return strings.Contains(body, "HTTP request to an HTTPS server") || strings.Contains(body, "HTTP request was sent to HTTPS port")
}

// sentence returns an error that says in plain words why there is no answer, and what to do. The
// function hide masks secrets.
func sentence(err error, hide func(string) string) error {
	if known := knownError(err); known != "" {
		return errors.New(short(hide(known)))
	}
	return fmt.Errorf("there is no answer: %s", short(hide(err.Error())))
}

func knownError(err error) string {
	var (
		dns     *net.DNSError
		network *net.OpError
		record  tls.RecordHeaderError
		unknown x509.UnknownAuthorityError
		name    x509.HostnameError
		invalid x509.CertificateInvalidError
		text    = err.Error()
	)
	system := "" // the system's text, which no service can choose
	if errors.As(err, &network) {
		system = network.Error()
	}
	switch {
	case strings.Contains(text, `malformed HTTP response "\x15\x03`):
		return "it wants TLS there: try https://"
	// Malformed HTTP comes first. Such an error quotes bytes of the service, and these bytes could
	// contain the words that the later cases look for.
	case strings.Contains(text, "malformed HTTP"), strings.Contains(text, "malformed MIME"):
		return fmt.Sprintf("it does not speak HTTP there (%v): check the port", errors.Unwrap(err))
	case errors.As(err, &dns):
		return fmt.Sprintf("the name %s has no address (%s): check it, and this computer's DNS", dns.Name, dns.Err)
	case strings.Contains(text, "proxyconnect"):
		return fmt.Sprintf("the proxy of the environment does not connect (%v): check HTTP_PROXY, HTTPS_PROXY and NO_PROXY", err)
	case errors.Is(err, syscall.ECONNREFUSED), strings.Contains(system, "refused"):
		// The text is compared, too, because Windows has another error number.
		return "nobody listens there: start the service, or check the port"
	case strings.Contains(system, "unreachable"), strings.Contains(system, "no route to host"):
		return fmt.Sprintf("this computer has no route to it (%v): check the address, the network, the VPN", err)
	case errors.As(err, &unknown), errors.As(err, &name), errors.As(err, &invalid):
		return fmt.Sprintf("its certificate cannot be trusted (%v): check the name, or name its authority in SSL_CERT_FILE", errors.Unwrap(err))
	case strings.Contains(text, "server gave HTTP response to HTTPS client"), errors.As(err, &record):
		return "it does not speak TLS there: try http://"
	case strings.Contains(text, "response headers exceeded"), strings.Contains(text, "header list"):
		return fmt.Sprintf("the header of its answer is longer than %d kB, too long for a service", maxHeader>>10)
	case strings.Contains(text, "GOAWAY"):
		return "it ends its HTTP/2 connections (GOAWAY) without an answer: is it shutting down?"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), strings.Contains(text, "server closed idle connection"):
		return "it closed the connection without an answer"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		return "it broke the connection (reset) without an answer"
	}
	return ""
}
