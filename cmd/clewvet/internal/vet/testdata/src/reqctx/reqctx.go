package reqctx

import (
	"context"
	"net/http"

	"github.com/go-resty/resty/v2"
)

func requests(ctx context.Context, client *http.Client) {
	req, _ := http.NewRequest("GET", "/", nil) // want `http.NewRequest without the context at hand: use NewRequestWithContext\(ctx, …\)`
	_, _ = client.Do(req)
	_, _ = http.Get("/")    // want `http.Get without the context at hand: use NewRequestWithContext\(ctx, …\) and Do`
	_, _ = client.Head("/") // want `http.Head without`

	with, _ := http.NewRequestWithContext(ctx, "GET", "/", nil)
	_, _ = client.Do(with)
	later, _ := http.NewRequest("GET", "/", nil)
	later = later.WithContext(ctx)
	_, _ = client.Do(later)
	var handed, _ = http.NewRequest("GET", "/", nil)
	do(ctx, handed)
}

func makes(ctx context.Context) (*http.Request, error) {
	return http.NewRequest("GET", "/", nil)
}

func do(ctx context.Context, r *http.Request) {}

func none() { _, _ = http.Get("/") }

func detached(ctx context.Context) {
	go func() {
		req, _ := http.NewRequest("GET", "/", nil) // want `http.NewRequest without`
		_, _ = http.DefaultClient.Do(req)
	}()
}

func proxy(w http.ResponseWriter, r *http.Request) {
	out, _ := http.NewRequest("GET", "/", nil) // want `NewRequestWithContext\(r\.Context\(\), …\)`
	_, _ = http.DefaultClient.Do(out)
	go func() {
		_, _ = http.Get("/") // detachedgo reports this request
	}()
}

func resties(ctx context.Context, client *resty.Client) {
	_, _ = client.R().SetBody("").Get("/") // want `resty's R\(\) without the context at hand: add \.SetContext\(ctx\)`
	r := client.R()                        // want `resty's R\(\) without`
	_, _ = r.Get("/")

	_, _ = client.R().SetBody("").SetContext(ctx).Get("/")
	handOver(ctx, client.R().SetBody(""))
	_ = holder{client.R()}
	s := client.R()
	s.SetContext(ctx)
	_, _ = s.Get("/")
}

type holder struct{ request *resty.Request }

func handOver(ctx context.Context, r *resty.Request) {}

func makesResty(ctx context.Context, client *resty.Client) *resty.Request {
	return client.R().SetBody("")
}

func sends(ctx context.Context, client *resty.Client) (any, error) {
	return client.R().Get("/") // want `resty's R\(\) without`
}

// r is a request that is still to be sent, and has no context yet.
func prepares(r *resty.Request) { _, _ = http.Get("/") }
