package zipkin

import "net/http"

// homebound is a RoundTripper whose responses redirect nowhere. A post that is redirected by 301
// arrives as a GET without a body, is answered with 200, and is lost. CheckRedirect cannot prevent
// that: net/http calls it only if the Location is well-formed.
type homebound struct{ http.RoundTripper }

func (h homebound) RoundTrip(r *http.Request) (*http.Response, error) {
	base := h.RoundTripper
	if base == nil {
		base = http.DefaultTransport
	}
	resp, err := base.RoundTrip(r)
	// A RoundTripper must return a response or an error. One that returns neither gets net/http's
	// error for it.
	if err == nil && resp != nil {
		resp.Header.Del("Location")
	}
	return resp, err
}
