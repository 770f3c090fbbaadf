package main

import (
	"context"
	"log/slog"
	"net/http"
)

func main() {
	run(context.Background())
	serve(context.Background())
	http.HandleFunc("/", handle)
	http.HandleFunc("/literal", func(w http.ResponseWriter, r *http.Request) {
		slog.Info("") // want `slog.Info without`
		shared(r.Context())
		inHandler(r.Context())
	})
}

func run(ctx context.Context) {
	slog.Info("starting")
	setup(ctx)
	shared(ctx)
	func() { slog.Info("starting") }()
}

func setup(ctx context.Context) { slog.Info("starting") }

func serve(ctx context.Context) {
	_ = func(ctx context.Context) {
		slog.Info("") // want `slog.Info without`
	}
}

func shared(ctx context.Context) { slog.Info("") } // want `slog.Info without`

func inHandler(ctx context.Context) { slog.Info("") } // want `slog.Info without`

func handle(w http.ResponseWriter, r *http.Request) { slog.Info("") } // want `slog.Info without`
