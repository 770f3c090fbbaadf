package httpclient

import (
	"errors"
	"net/http"

	"github.com/go-resty/resty/v2"
)

// RedirectPolicy returns the policy that gives each redirect of a client instrumented by [Resty]
// its own span and headers. It stops no redirect. Put it last: other policies, such as
// resty.FlexibleRedirectPolicy, copy the headers of the first request over those of the redirect.
//
// RedirectPolicy is needed only if SetRedirectPolicy is called after the client's first request.
func RedirectPolicy() resty.RedirectPolicy {
	return resty.RedirectPolicyFunc(func(r *http.Request, via []*http.Request) error {
		redirect(r, via)
		return nil
	})
}

// followRedirects replaces c's redirect policy. The new policy asks the old one, and calls the
// function redirect for each redirect that the old one allows.
func followRedirects(c *http.Client) {
	policy := c.CheckRedirect
	c.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if err := checkRedirect(policy, r, via); err != nil {
			return err
		}
		redirect(r, via)
		return nil
	}
}

// checkRedirect returns the error of policy. Without a policy, it stops after ten redirects, as
// http.Client does.
func checkRedirect(policy func(*http.Request, []*http.Request) error, r *http.Request, via []*http.Request) error {
	if policy != nil {
		return policy(r, via)
	}
	if len(via) >= 10 {
		return errors.New("stopped after 10 redirects")
	}
	return nil
}

// redirect gives the redirect r a span of its own, and the trace headers that r may carry.
// net/http has already copied the first request's headers to the redirect, whatever the host.
func redirect(r *http.Request, via []*http.Request) {
	first := via[0]
	t, ok := first.Context().Value(tryKey{}).(*try)
	if !ok || t.request.RawRequest != first || t.hopped == r {
		return
	}
	status := 0
	if r.Response != nil {
		status = r.Response.StatusCode
	}
	t.end(status, nil)
	t.hopped = r
	t.current.finished.Store(true)
	t.current = &attempt{Context: t.Context}
	if !same(r.Context(), t.own) { // a hook, or EnableTrace, has added a value to the context
		t.current.Context = under(r.Context(), t.caller)
	}
	if t.line != nil {
		t.line.wanted = t.hop.calls.wants(r)
	}
	t.start(t.current, rejoin(t.caller, t.own), r.Method)
	describe(t.span, r, t.number)
	*r = *r.WithContext(t.current.own)
	allowed := t.hop.allows(r, sameName(first.URL, r.URL))
	t.hop.removeStale(r.Header)
	t.hop.write(t.current.own, r.Header, allowed)
}
