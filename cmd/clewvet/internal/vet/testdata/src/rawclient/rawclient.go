package rawclient

import (
	"net/http"
	"time"

	"example.com/clew/httpclient"
	"github.com/go-resty/resty/v2"
)

type server struct{ client *http.Client }

func clients() {
	_ = &http.Client{Timeout: time.Second}            // want `http.Client does not carry the trace: use httpclient.Wrap`
	_ = server{client: &http.Client{}}                // want `http.Client does not`
	_ = http.Client{Transport: http.DefaultTransport} // want `http.Client does not`
	raw := &http.Client{}                             // want `http.Client does not`
	_ = raw

	_ = httpclient.Wrap(&http.Client{}, httpclient.Config{})
	_ = http.Client{Transport: httpclient.NewTransport(nil, httpclient.Config{})}
	transport := httpclient.NewTransport(nil, httpclient.Config{})
	_ = http.Client{Transport: transport}
	wrapped := &http.Client{}
	_ = httpclient.Wrap(wrapped, httpclient.Config{})
	var value = http.Client{}
	_ = httpclient.Wrap(&value, httpclient.Config{})
}

func resties() {
	_ = resty.New()                              // want `resty.New makes a client that does not carry the trace: use httpclient.Resty`
	_ = resty.NewWithClient(nil).SetBaseURL("/") // want `resty.NewWithClient makes`

	_ = httpclient.Resty(resty.New().SetBaseURL("/"), httpclient.Config{})
	c := resty.New()
	_ = httpclient.Resty(c, httpclient.Config{})
}
