package logctx

import (
	"log/slog"
	"net/http"
)

// webContext is the context type of a framework in this program.
type webContext interface {
	Request() *http.Request
	Writer() http.ResponseWriter
}

func ownContext(c webContext) {
	slog.Info("own") // want `slog.Info without the context at hand: use InfoContext\(c.Request\(\).Context\(\), …\)`
}
