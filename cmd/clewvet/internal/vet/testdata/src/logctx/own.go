package logctx

import (
	"log/slog"
	"net/http"
)

// webContext is a framework of one's own.
type webContext interface {
	Request() *http.Request
	Writer() http.ResponseWriter
}

func ownContext(c webContext) {
	slog.Info("own") // want `slog.Info without the context at hand: use InfoContext\(c.Request\(\).Context\(\), …\)`
}
