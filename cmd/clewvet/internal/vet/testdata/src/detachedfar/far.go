package detachedfar

import (
	_ "detachedfar/uses"
	"log/slog"
	"net/http"
)

// Package uses, which this package imports, imports workerpool.
func handle(w http.ResponseWriter, r *http.Request) {
	go func() { slog.Info("") }() // want `go leaves the request's trace behind`
}
