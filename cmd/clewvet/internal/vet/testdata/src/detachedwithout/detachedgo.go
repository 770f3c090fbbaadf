package detachedwithout

import (
	"log/slog"
	"net/http"
)

// The module does not require clew, so the fix cannot use workerpool.
func handle(w http.ResponseWriter, r *http.Request) {
	go func() { // want `go leaves the request's trace behind`
		slog.Info("")
		req, _ := http.NewRequest("GET", "/", nil)
		_, _ = http.DefaultClient.Do(req)
	}()
}

func shadowed(w http.ResponseWriter, r *http.Request) {
	context := 1
	go func() { // withheld // want `go leaves the request's trace behind`
		req, _ := http.NewRequest("GET", "/", nil)
		_, _ = http.DefaultClient.Do(req)
		_ = context
	}()
}
