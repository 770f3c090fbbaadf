package httpclient

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/go-resty/resty/v2"
)

// preview returns the request as far as it is known before resty makes it: the method, the URL
// with its path parameters, and the request's own headers. The span, Propagate and the call line
// need it.
func preview(c *resty.Client, r *resty.Request) *http.Request {
	raw := pathReplacer(c, r).Replace(r.URL) // in one pass, as resty does
	u, err := url.Parse(raw)
	if err == nil && !u.IsAbs() {
		base := c.BaseURL
		if base == "" {
			base = c.HostURL
		}
		if raw = u.String(); raw != "" && raw[0] != '/' {
			raw = "/" + raw
		}
		u, err = url.Parse(base + raw)
	}
	if err != nil {
		u = new(url.URL) // resty is about to return the error
	}
	p := &http.Request{Method: r.Method, URL: u, Host: u.Host, Header: r.Header.Clone()}
	return p.WithContext(r.Context())
}

// pathReplacer replaces the path parameters of r and c.
func pathReplacer(c *resty.Client, r *resty.Request) *strings.Replacer {
	var pairs []string // if a name has several pairs, the first one counts
	for _, params := range []struct {
		values map[string]string
		escape func(string) string
	}{
		{r.PathParams, url.PathEscape}, {c.PathParams, url.PathEscape},
		{r.RawPathParams, strings.Clone}, {c.RawPathParams, strings.Clone},
	} {
		for name, value := range params.values {
			pairs = append(pairs, "{"+name+"}", params.escape(value))
		}
	}
	return strings.NewReplacer(pairs...)
}
