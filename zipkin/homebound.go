package zipkin

import "net/http"

// homebound is a RoundTripper that removes the Location from responses, so that net/http follows
// no redirect. After a 301, net/http would send a GET without a body, and the spans would be lost
// even if the answer were 200. CheckRedirect is not enough: net/http calls it only if the Location
// is well-formed.
type homebound struct{ http.RoundTripper }

func (h homebound) RoundTrip(r *http.Request) (*http.Response, error) {
	base := h.RoundTripper
	if base == nil {
		base = http.DefaultTransport
	}
	resp, err := base.RoundTrip(r)
	// A RoundTripper must return a response or an error. If base returns neither, net/http makes
	// an error.
	if err == nil && resp != nil {
		resp.Header.Del("Location")
	}
	return resp, err
}
