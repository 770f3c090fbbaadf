package httpclient

import (
	"net/http"

	"github.com/go-resty/resty/v2"
)

type Config struct{}

func NewTransport(base http.RoundTripper, cfg Config) http.RoundTripper { return nil }
func Wrap(c *http.Client, cfg Config) *http.Client                      { return nil }
func Resty(c *resty.Client, cfg Config) *resty.Client                   { return nil }
