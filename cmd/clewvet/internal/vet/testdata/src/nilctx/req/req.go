package req

import (
	"context"
	"net/http"
)

// net/http rejects a request with a nil context, so a fix uses c only below its assignment.
func later(w http.ResponseWriter, r *http.Request) {
	var c context.Context
	send(http.NewRequest("GET", "/", nil)) // want `NewRequestWithContext\(r\.Context\(\), …\)`
	c = r.Context()
	send(http.NewRequest("GET", "/", nil)) // want `NewRequestWithContext\(c, …\)`
	_ = c
}

func send(*http.Request, error) {}
