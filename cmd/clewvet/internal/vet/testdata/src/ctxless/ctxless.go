package ctxless

import (
	"context"
	"log/slog"
	"net/http"

	"ctxlessdep"
	"github.com/go-resty/resty/v2"
	"github.com/rs/zerolog"
)

func handle(w http.ResponseWriter, r *http.Request) {
	one()   // want `one takes no context, and loses the one at hand \(one → slog.Info\): give it one`
	one()   // a function is reported once for a package
	two()   // want `two → one → slog.Info`
	three() // want `three → two → one → slog.Info`
	four()
	silent()
	var s server
	s.save()     // want `server.save → http.Get`
	s.deferred() // want `server.deferred → slog.Info`
	s.calls()    // want `server.calls → slog.Info`
	s.makes()
	s.spawns()
	s.stores()
	go spawned()        // detachedgo reports this call
	ctxlessdep.Log()    // want `Log → slog.Info`
	ctxlessdep.Deeper() // want `Deeper → Log → slog.Info`
	ctxlessdep.Silent()

	given(r.Context())
	hasField{}.log()
	handed(zerolog.Logger{})
	carrier(task{})
	with(r.Context()).save()
	callback(func(q *resty.Request) { q.SetContext(r.Context()) })
	callback(func(*resty.Request) {}) // want `callback → http.Get`
	generic[int]()                    // want `generic → slog.Info`
}

func noContext() { one() }

func one()   { slog.Info("") }
func two()   { one() }
func three() { two() }
func four()  { three() }

func callback(func(*resty.Request)) { _, _ = http.Get("/") }

func spawned() { slog.Info("") }

func silent() { _ = http.DefaultClient }

func generic[T any]() { slog.Info("") }

type server struct{}

func (server) save()     { _, _ = http.Get("/") }
func (server) deferred() { defer func() { slog.Info("") }() }
func (server) calls()    { func() { slog.Info("") }() }
func (server) spawns()   { go one() }
func (server) stores()   { _ = func() { slog.Info("") } }

// The caller may give the request a context.
func (server) makes() *http.Request {
	r, _ := http.NewRequest("GET", "/", nil)
	return r
}

func with(ctx context.Context) server { return server{} }

func given(ctx context.Context) { slog.InfoContext(ctx, "") }

type hasField struct{ ctx context.Context }

func (hasField) log() { slog.Info("") }

func handed(l zerolog.Logger) { l.Info().Msg("") }

type task struct{ ctx context.Context }

func carrier(t task) { slog.Info("") }
