package req

import (
	"context"
	"io"
	"net/http"

	"github.com/go-resty/resty/v2"
)

func target() (string, string, io.Reader) { return "", "", nil }

func multiValue(ctx context.Context) {
	send(http.NewRequest(target()))        // withheld // want `NewRequestWithContext\(ctx, …\)`
	send(http.NewRequest("GET", "/", nil)) // want `NewRequestWithContext\(ctx, …\)`
}

type outer struct{ *resty.Request }

func (o outer) SetContext() outer { return o }

type client struct{ *resty.Client }

func (c client) R() outer { return outer{c.Client.R()} }

func embedded(ctx context.Context, c client) {
	_, _ = c.R().Get("/")
	_, _ = c.Client.R().Get("/") // want `add \.SetContext\(ctx\)`
}

func send(*http.Request, error) {}

func taken(ctx context.Context) {
	go func() {
		context := 1
		send(http.NewRequest("GET", "/", nil)) // withheld // want `NewRequestWithContext\(ctx, …\)`
		_ = context
	}()
}
