package recipes_test

import (
	"log"
	"net/http"
	"net/http/httptest"
	"os"

	"example.com/clew/httpmw"
	"example.com/clew/logctx"
)

func Example_othersLines() {
	defer restore()()
	lines := stderr()
	logger := logctx.New(os.Stderr)
	handler := http.Handler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		log.Print("a library's line")
		w.WriteHeader(http.StatusOK)
		w.WriteHeader(http.StatusOK) // the server complains
	}))

	handler = httpmw.New(httpmw.Config{Implicit: true})(handler)
	log.SetFlags(0) // the logger has a time
	log.SetOutput(logger)

	server := httptest.NewServer(handler)
	r, err := http.NewRequest(http.MethodGet, server.URL, nil)
	check(err)
	r.Header.Set("b3", "463ac35c9f6413ad-a2fb4a1d1a96d312")
	resp, err := server.Client().Do(r)
	check(err)
	check(resp.Body.Close())
	server.Close()
	log.Print("disk is nearly full")
	lines()
	// Output:
	// a library's line 463ac35c9f6413ad
	// http: superfluous response.WriteHeader call 463ac35c9f6413ad
	// disk is nearly full
}
