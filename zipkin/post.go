package zipkin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"example.com/clew/internal/newid"
	"example.com/clew/trace"
)

const (
	postTime = 10 * time.Second // for one post, unless the environment says otherwise

	firstWait   = 250 * time.Millisecond // before the second try
	longestWait = 5 * time.Second
	longestAsk  = 30 * time.Second // that a collector can make us wait

	// serverErrors is how many times a batch may be answered with 500. That may be a collector in
	// trouble, and may be a batch that it will never take.
	serverErrors = 3

	// fruitless is how many times in a row several spans together may be refused as malformed or
	// too large before the rest of the batch is not halved any more. One span to blame among 512
	// takes ten.
	fruitless = 16

	// breaks is how many times in a row the connection may break over part of a batch before it is
	// halved, or, if it is a single span, lost. A proxy that dislikes what is in it looks like a
	// collector that is away. Halving takes so long that the latter loses a span in a minute or
	// two.
	breaks = 8

	// plainBatches is how many batches are posted as they are, once the collector has taken one so
	// that it had refused compressed. Then it is asked again: it may be another by now, or have
	// refused for another reason.
	plainBatches = 1000

	longestQuote = 400 // characters of what somebody else says
)

// sender posts batches. Its methods are called by one goroutine at a time.
type sender struct {
	endpoint string // without user and password, for whoever quotes it
	user     *url.Userinfo
	client   *http.Client
	timeout  time.Duration   // of a post
	own      *http.Transport // client's, if it is ours to close
	sizes
	rest  func() // between two pieces that are compressed; nil: none
	plain int    // how many more batches are not compressed
}

func newSender(endpoint *url.URL, client *http.Client, sizes sizes) *sender {
	bare := *endpoint
	bare.User = nil
	s := &sender{endpoint: bare.String(), user: endpoint.User, timeout: postTime, sizes: sizes}
	var c http.Client
	if client != nil {
		c = *client
	} else {
		s.own = &http.Transport{ // not a clone of http.DefaultTransport, which may be anything by now
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

// homebound is a RoundTripper whose redirects lead nowhere: a post that is redirected by 301
// arrives as a GET without a body, is answered with 200, and lost. Not by CheckRedirect, which is
// asked only about a Location that is well-formed.
type homebound struct{ http.RoundTripper }

func (h homebound) RoundTrip(r *http.Request) (*http.Response, error) {
	base := h.RoundTripper
	if base == nil {
		base = http.DefaultTransport
	}
	resp, err := base.RoundTrip(r)
	if err == nil && resp != nil { // a RoundTripper must not return neither; net/http says so to who calls it
		resp.Header.Del("Location")
	}
	return resp, err
}

func (s *sender) close() {
	if s.own != nil {
		s.own.CloseIdleConnections()
	}
}

// verdict is what becomes of spans that were posted.
type verdict uint8

const (
	accepted verdict = iota
	refused
	divisible // refused as too large or malformed: all together, not each of them
	failed    // this once
	troubled  // the same, but it may be the batch's fault
	broken    // the same
)

func judge(status int) verdict {
	switch status {
	case http.StatusRequestEntityTooLarge, http.StatusBadRequest:
		return divisible
	case http.StatusRequestTimeout, http.StatusTooManyRequests, http.StatusBadGateway,
		http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return failed
	case http.StatusInternalServerError:
		return troubled
	}
	if status >= 200 && status <= 299 {
		return accepted
	}
	return refused
}

// settle is told, as soon as it is known, what became of part of a batch. A nil error is that it
// was sent.
type settle func(part spans, err error)

// pause waits before the next try; asked is that the collector wants it. An error is that there is
// no more time.
type pause func(d time.Duration, asked bool, because error) error

// deliver posts b until each of its spans is sent, or refused, or until pause, which waits between
// two tries, says that there is no more time: then its error is returned, and what is not settled
// stays so.
//
// A collector that does not gunzip answers a compressed batch as another answers a malformed one.
// So it is posted once more as it is, and if that is refused too, so are its halves: there is no
// telling yet which of the two it was.
func (s *sender) deliver(ctx context.Context, b *batch, pause pause, done settle) error {
	todo := []spans{{0, b.len()}}
	wait, inTrouble, inVain, broke := firstWait, 0, 0, 0
	var patient time.Time // until then, tries are made because somebody flushes, and do not count
	plain := s.plain > 0
	if plain {
		s.plain--
	}
	var unread spans  // the part that was refused compressed
	var zipped *reply // what was said then; nil: none was
	var posted body
	for len(todo) > 0 {
		if err := ctx.Err(); err != nil { // post may notice only when it is done
			return err
		}
		part := todo[len(todo)-1]
		if posted.list == nil {
			posted = s.body(b, part, plain)
		}
		what, after, err := s.post(ctx, posted)
		if r := (*reply)(nil); !posted.plain && errors.As(err, &r) && r.perhapsUnread() {
			plain, unread, zipped, posted = true, part, r, body{}
			continue
		}
		counts := !time.Now().Before(patient)
		again := false
		switch what {
		case failed:
			again, inTrouble, broke = true, 0, 0
		case troubled:
			if counts {
				inTrouble++
			}
			again = inTrouble < serverErrors
		case broken:
			if counts {
				broke++
			}
			again = broke < breaks
		}
		if again {
			delay := wait/2 + rand.N(wait/2)
			if after > 0 {
				delay = max(delay, after+rand.N(after/10+1)) // not all who were told so at the same moment
			}
			if counts {
				wait = min(2*wait, longestWait)
				patient = time.Now().Add(delay)
			}
			if stop := pause(delay, after > 0, err); stop != nil {
				return stop
			}
			continue
		}
		todo, posted, inTrouble, broke = todo[:len(todo)-1], body{}, 0, 0
		split := false
		switch what {
		case accepted:
			if zipped != nil && part == unread {
				s.plain = plainBatches
			}
			wait, inVain = firstWait, 0
			done(part, nil)
			b.release(part)
			continue
		case divisible:
			if part.len() > 1 {
				inVain++
			}
			split = inVain <= fruitless
		case broken:
			split = true
		}
		if split && part.len() > 1 {
			first, second := part.halves()
			todo = append(todo, second, first)
		} else {
			done(part, zipped.and(err))
			b.release(part)
		}
	}
	return nil
}

// body returns the body of a post of part.
func (s *sender) body(b *batch, part spans, plain bool) body {
	text := b.array(part)
	if plain {
		return body{text, true}
	}
	return newBody(text, s.sizes.body, s.rest)
}

// reply is what a collector has answered to a post that it did not take.
type reply struct {
	status int
	said   []byte
	plain  bool // the post was not compressed
}

func (r *reply) Error() string { return "collector answered " + r.text(longestQuote) }

func (r *reply) text(most int) string {
	text := fmt.Sprintf("%d %.*q", r.status, most, r.said)
	if r.plain {
		text += " to plain JSON"
	}
	return text
}

// perhapsUnread reports whether the post, which was compressed, may have been refused for that.
func (r *reply) perhapsUnread() bool {
	return r.status == http.StatusBadRequest || r.status == http.StatusUnsupportedMediaType
}

// and is err, and before it what was said of the same spans when they were compressed, if anything
// was.
func (r *reply) and(err error) error {
	if r == nil {
		return err
	}
	text := err.Error()
	if plain := (*reply)(nil); errors.As(err, &plain) {
		text = plain.text(longestQuote / 2)
	}
	return fmt.Errorf("collector answered %s to gzip, and %s", r.text(longestQuote/2), text)
}

// denied is the context of all posts: whatever traces what it sends must not trace this. It has
// IDs because OpenTelemetry's samplers obey only a parent that has.
var denied = trace.NewContext(context.Background(), trace.B3{TraceID: newid.Trace(), SpanID: newid.Span(), Sampling: trace.Deny})

// post posts a body once. after is how long the collector asks to be left alone.
func (s *sender) post(ctx context.Context, body body) (what verdict, after time.Duration, err error) {
	denied, cancel := context.WithTimeout(denied, s.timeout)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()

	r, err := http.NewRequestWithContext(denied, http.MethodPost, s.endpoint, nil)
	if err != nil {
		return refused, 0, quotable(err)
	}
	r.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(body.reader()), nil }
	r.Body, _ = r.GetBody()
	r.ContentLength = int64(body.size)
	r.Header["Content-Type"] = []string{"application/json"}
	if !body.plain {
		r.Header["Content-Encoding"] = []string{"gzip"}
	}
	r.Header["B3"] = []string{"0"}
	if s.user != nil {
		password, _ := s.user.Password()
		r.SetBasicAuth(s.user.Username(), password)
	}
	resp, err := s.client.Do(r)
	if err != nil {
		if to := (*net.OpError)(nil); errors.As(err, &to) && (to.Op == "dial" || to.Op == "proxyconnect") {
			return failed, 0, quotable(err) // nothing was sent that could be to blame
		}
		return broken, 0, quotable(err)
	}
	defer resp.Body.Close()
	// The status says all. The body is read so that the connection can be used again, and some of
	// it to be quoted; it may end badly, or not at all.
	defer time.AfterFunc(grace, cancel).Stop()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, longestQuote))
	io.CopyN(io.Discard, resp.Body, 4<<10)
	if what = judge(resp.StatusCode); what == accepted {
		return accepted, 0, nil
	}
	if what == failed {
		after = retryAfter(resp.Header.Get("Retry-After"))
	}
	return what, after, &reply{resp.StatusCode, said, body.plain}
}

// quotable is what may be said of err: not the URL, which may have a secret in it, and of what the
// transport or the collector says no more than its beginning, on one line. net/http quotes replies
// that it does not understand, up to megabytes.
func quotable(err error) error {
	for with := (*url.Error)(nil); errors.As(err, &with) && with.Err != nil; {
		err = with.Err
	}
	text := err.Error()
	strange := func(r rune) bool { return !strconv.IsPrint(r) || r == utf8.RuneError }
	if len(text) > longestQuote || strings.ContainsFunc(text, strange) {
		return fmt.Errorf("%.*q", longestQuote, text)
	}
	return quote{text, err}
}

// quote is an error whose text is known. It is asked for under a lock, where nobody else's code
// may run.
type quote struct {
	text string
	err  error
}

func (q quote) Error() string { return q.text }
func (q quote) Unwrap() error { return q.err }

// retryAfter reads a Retry-After header (RFC 9110, 10.2.3).
func retryAfter(text string) time.Duration {
	if text == "" {
		return 0
	}
	if seconds, err := strconv.Atoi(text); err == nil || errors.Is(err, strconv.ErrRange) { // then it is the nearest that an int holds
		return time.Duration(min(max(seconds, 0), int(longestAsk/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(time.Until(at), 0), longestAsk)
	}
	return 0
}
