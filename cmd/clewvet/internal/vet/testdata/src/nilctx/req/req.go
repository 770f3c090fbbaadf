package req

import (
	"context"
	"net/http"
)

// A request with a context that is nil yet would be lost.
func later(w http.ResponseWriter, r *http.Request) {
	var c context.Context
	send(http.NewRequest("GET", "/", nil)) // want `NewRequestWithContext\(r\.Context\(\), …\)`
	c = r.Context()
	send(http.NewRequest("GET", "/", nil)) // want `NewRequestWithContext\(c, …\)`
	_ = c
}

func send(*http.Request, error) {}
