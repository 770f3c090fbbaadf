package zipkin

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"

	"example.com/clew/internal/newid"
	"example.com/clew/trace"
)

const (
	postTime   = 10 * time.Second // for one post, unless the environment says otherwise
	longestAsk = 30 * time.Second // the longest pause that a collector can ask for
)

// denied is the context of all posts. A client that traces its requests must not trace posts. The
// context has IDs because OpenTelemetry's samplers obey only a parent with IDs.
var denied = trace.NewContext(context.Background(), trace.B3{TraceID: newid.Trace(), SpanID: newid.Span(), Sampling: trace.Deny})

// post posts a body once. The result asked is the pause that the collector asks for, or 0.
func (s *sender) post(ctx context.Context, body body) (what verdict, asked time.Duration, err error) {
	denied, cancel := context.WithTimeout(denied, s.timeout)
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()

	r, err := s.request(denied, body)
	if err != nil {
		return refused, 0, quotable(err)
	}
	resp, err := s.client.Do(r)
	if err != nil {
		if to := (*net.OpError)(nil); errors.As(err, &to) && (to.Op == "dial" || to.Op == "proxyconnect") {
			return failed, 0, quotable(err) // nothing was sent, so no span is to blame
		}
		return broken, 0, quotable(err)
	}
	defer resp.Body.Close()
	// Only the status counts. The body is read so that the connection can be used again, and so
	// that errors can quote its beginning. The body may break off or never end.
	defer time.AfterFunc(grace, cancel).Stop()
	said, _ := io.ReadAll(io.LimitReader(resp.Body, longestQuote))
	io.CopyN(io.Discard, resp.Body, 4<<10)
	if what = judge(resp.StatusCode); what == accepted {
		return accepted, 0, nil
	}
	if what == failed {
		asked = retryAfter(resp.Header.Get("Retry-After"))
	}
	return what, asked, &reply{resp.StatusCode, said, body.plain}
}

func (s *sender) request(ctx context.Context, body body) (*http.Request, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.endpoint, nil)
	if err != nil {
		return nil, err
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
	return r, nil
}

// retryAfter returns the pause that a Retry-After header asks for (RFC 9110, 10.2.3), but at most
// longestAsk.
func retryAfter(text string) time.Duration {
	if text == "" {
		return 0
	}
	// For a number that is out of range, Atoi returns the nearest int.
	if seconds, err := strconv.Atoi(text); err == nil || errors.Is(err, strconv.ErrRange) {
		return time.Duration(min(max(seconds, 0), int(longestAsk/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(time.Until(at), 0), longestAsk)
	}
	return 0
}
