package source

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"example.com/clew/audit/filter/internal/rules"
)

const (
	maxRedirects = 5
	minKey       = 16
	// Every wholeEvery-th request has no condition (If-None-Match or If-Modified-Since), so the
	// server must send the whole content. Otherwise a server that always answers 304 would keep an
	// old filter in use for ever. If a request without a condition fails, the next request has no
	// condition either, because a 304 would hide the failure.
	wholeEvery = 20
)

// web is a source that is a URL.
type web struct {
	cfg       Config
	url       *url.URL
	name      string // the URL without its query
	client    *http.Client
	transport *http.Transport

	text               []byte // the content of the last good answer; nil: none
	etag, lastModified string
	requests           int // the number of requests since the last answer with the content
}

func newWeb(cfg Config) (*web, error) {
	u, err := url.Parse(cfg.Where)
	if err != nil {
		// The parser's error would quote the URL, which may contain a secret.
		return nil, errors.New("not a URL")
	}
	if u.User != nil {
		return nil, errors.New("no user or password in a URL; put them into the file of Config.Header")
	}
	if err := checkScheme(u); err != nil {
		return nil, err
	}
	w := &web{cfg: cfg, url: u, name: rules.Printable((&url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path}).String())}
	dialer := &net.Dialer{Timeout: Timeout}
	if u.Scheme == "http" {
		dialer.Control = loopbackOnly
	}
	w.transport = &http.Transport{
		Proxy:                  http.ProxyFromEnvironment,
		DialContext:            dialer.DialContext,
		ForceAttemptHTTP2:      true,
		MaxIdleConns:           1,
		IdleConnTimeout:        90 * time.Second,
		MaxResponseHeaderBytes: 64 << 10,
	}
	w.client = &http.Client{Transport: w.transport, CheckRedirect: w.checkRedirect}
	return w, nil
}

// checkScheme refuses every URL except https, and http to this machine.
func checkScheme(u *url.URL) error {
	host := u.Hostname()
	switch {
	case host == "":
		return errors.New("a URL without a host")
	case u.Scheme == "https":
		return nil
	case u.Scheme != "http":
		return errors.New("neither a path nor a URL with https")
	case strings.EqualFold(strings.TrimSuffix(host, "."), "localhost"):
		return nil
	}
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
		return nil
	}
	return errors.New("http is for localhost, 127.0.0.0/8 and [::1] only: use https")
}

// loopbackOnly refuses an address of another machine, which a resolver may return for localhost.
func loopbackOnly(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || !to.Addr().IsLoopback() {
		return errors.New("http to an address that is not this machine's")
	}
	return nil
}

func (w *web) checkRedirect(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) > maxRedirects:
		return fmt.Errorf("more than %d redirects", maxRedirects)
	case req.URL.Scheme != w.url.Scheme || !strings.EqualFold(req.URL.Host, w.url.Host):
		return fmt.Errorf("a redirect to %s://%s, which is another host", rules.Printable(req.URL.Scheme),
			rules.Printable(req.URL.Host))
	}
	return nil
}

// read returns the content of the URL. If the server answers that the content has not changed,
// read returns the last content again.
func (w *web) read(ctx context.Context, pin []byte) ([]byte, error) {
	req, err := w.request(ctx)
	if err != nil {
		return nil, err
	}
	resp, err := w.client.Do(req)
	if err != nil {
		return nil, w.failed(ctx, err)
	}
	defer resp.Body.Close()
	switch {
	case resp.StatusCode == http.StatusNotModified && w.isConditional(req):
		return w.text, nil
	case resp.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("status %d", resp.StatusCode)
	}
	text, err := readBounded(resp.Body, rules.MaxFile)
	if err != nil {
		return nil, w.failed(ctx, err)
	}
	if err := checkPin(pin, text); err != nil {
		return nil, err
	}
	if err := w.checkSignature(resp.Header, text); err != nil {
		return nil, err
	}
	w.text, w.requests = text, 0
	w.etag, w.lastModified = resp.Header.Get("Etag"), resp.Header.Get("Last-Modified")
	return text, nil
}

func (w *web) request(ctx context.Context) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url.String(), nil)
	if err != nil {
		return nil, errors.New("not a URL")
	}
	if w.cfg.Header != "" {
		name, value, err := readHeader(w.cfg.Header)
		if err != nil {
			return nil, fmt.Errorf("the file of Config.Header: %w", err)
		}
		req.Header.Set(name, value)
	}
	w.requests++
	if w.text == nil || w.requests >= wholeEvery {
		return req, nil
	}
	if w.etag != "" {
		req.Header.Set("If-None-Match", w.etag)
	}
	if w.lastModified != "" {
		req.Header.Set("If-Modified-Since", w.lastModified)
	}
	return req, nil
}

func (*web) isConditional(req *http.Request) bool {
	return req.Header.Get("If-None-Match") != "" || req.Header.Get("If-Modified-Since") != ""
}

// failed returns err without the URL, because the query of the URL may be secret.
func (w *web) failed(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil {
		return cause
	}
	if e := (*url.Error)(nil); errors.As(err, &e) {
		err = e.Err
	}
	return errors.New(rules.Printable(err.Error()))
}

// checkSignature compares the HMAC-SHA256 of text with the signature in the response's header.
func (w *web) checkSignature(header http.Header, text []byte) error {
	if w.cfg.HMACKey == "" {
		return nil
	}
	key, err := readFile(w.cfg.HMACKey, rules.MaxFile)
	if err != nil {
		return fmt.Errorf("the file of Config.HMACKey: %w", err)
	}
	if key = []byte(strings.TrimRight(string(key), "\r\n")); len(key) < minKey {
		return fmt.Errorf("the file of Config.HMACKey has a key of less than %d bytes", minKey)
	}
	given := header.Get(w.cfg.SignatureHeader)
	if given == "" {
		return fmt.Errorf("no signature: the response has no header %s", w.cfg.SignatureHeader)
	}
	signature, err := hex.DecodeString(strings.TrimPrefix(given, "sha256="))
	sum := hmac.New(sha256.New, key)
	sum.Write(text)
	if err != nil || !hmac.Equal(signature, sum.Sum(nil)) {
		return fmt.Errorf("the signature in the header %s does not match the content", w.cfg.SignatureHeader)
	}
	return nil
}
