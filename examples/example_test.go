// Package examples_test holds the code that README shows.
package examples_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"example.com/clew/workerpool"
	"github.com/go-resty/resty/v2"
)

func Example() {
	// The way out. net/http or resty, as you have them.
	client := httpclient.Wrap(http.DefaultClient, httpclient.Config{})
	rest := httpclient.Resty(resty.New().SetBaseURL(imageStore.URL), httpclient.Config{})

	mux := http.NewServeMux()
	mux.HandleFunc("GET /media/{id}", func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		logctx.Info(ctx).Msg("asked for")           // zerolog's line has trace_id and span_id
		logctx.SlogFrom(ctx).Info("also asked for") // so has slog's

		req, _ := http.NewRequestWithContext(ctx, "GET", imageStore.URL+"/size", nil)
		if resp, err := client.Do(req); err == nil { // carries X-B3-*
			io.Copy(w, resp.Body)
			resp.Body.Close()
		}
		if image, err := rest.R().SetContext(ctx).Get("/image"); err == nil { // so does this
			fmt.Fprint(w, image)
		}

		workerpool.Go(ctx, func(ctx context.Context) { // outlives the request, keeps its trace
			logctx.Info(ctx).Msg("views counted")
		})
	})

	// The way in. Everything inside has the caller's trace, or a new one; by Implicit, so have lines without a context.
	logger := logctx.New(os.Stderr, logctx.Config{Service: "media-api"})
	handler := httpmw.AccessLog(httpmw.AccessLogConfig{})(mux)
	handler = httpmw.New(httpmw.Config{Logger: &logger, Implicit: true})(handler)

	serve(handler) // here, one request; in a service, http.ListenAndServe

	// Output:
	// /size has 463ac35c9f6413ad
	// /image has 463ac35c9f6413ad
}

// imageStore is another service, which says by what ID it was asked.
var imageStore = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "%s has %s\n", r.URL.Path, r.Header.Get("X-B3-TraceId"))
}))
