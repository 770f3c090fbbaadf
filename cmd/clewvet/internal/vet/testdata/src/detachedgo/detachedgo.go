package detachedgo

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"example.com/clew/workerpool"
	"github.com/alitto/pond/v2"
	gammazero "github.com/gammazero/workerpool"
	"github.com/gin-gonic/gin"
	"github.com/panjf2000/ants/v2"
	"github.com/robfig/cron/v3"
	"github.com/rs/zerolog/log"
	"github.com/sourcegraph/conc"
)

func handle(w http.ResponseWriter, r *http.Request) {
	go func() { // want `go leaves the request's trace behind \(slog.Info\): use workerpool.Wrap\(r\.Context\(\), …\)`
		slog.Info("")
		log.Info().Msg("")
		req, _ := http.NewRequest("GET", "/", nil)
		_, _ = http.DefaultClient.Do(req)
	}()
	go func() {
		slog.InfoContext(r.Context(), "")
	}()
	go func(ctx context.Context) {
		slog.Info("")
	}(r.Context())
	go func(ctx context.Context) {
		one()
	}(r.Context())
	go workerpool.Wrap(r.Context(), func(ctx context.Context) {
		slog.InfoContext(ctx, "")
	})()
	go one() // want `go leaves the request's trace behind \(one → slog.Info\)`
	go silent()
	go func() { // want `go leaves the request's trace behind \(one → slog.Info\)`
		one()
	}()
	func() { slog.Info("") }()
}

func pools(w http.ResponseWriter, r *http.Request, a *ants.Pool, p pond.Pool, g *gammazero.WorkerPool, c *conc.WaitGroup, jobs *cron.Cron) {
	time.AfterFunc(1, func() { slog.Info("") }) // want `time.AfterFunc leaves the request's trace behind`
	time.AfterFunc(1, one)                      // want `time.AfterFunc leaves`
	_ = ants.Submit(func() { slog.Info("") })   // want `ants.Submit leaves`
	_ = a.Submit(func() { slog.Info("") })      // want `ants.Submit leaves`
	p.Submit(func() { slog.Info("") })          // want `pond.Submit leaves`
	g.Submit(func() { slog.Info("") })          // want `workerpool.Submit leaves`
	_ = g.Do(func() { slog.Info("") })          // want `workerpool.Do leaves`
	g.SubmitWait(func() { silent() })
	c.Go(func() { slog.Info("") })                             // want `conc.Go leaves`
	_, _ = jobs.AddFunc("* * * * *", func() { slog.Info("") }) // want `cron.AddFunc leaves the request's trace behind \(slog.Info\): use workerpool.Job\(r\.Context\(\), …\)`
}

func noHandler(ctx context.Context) {
	go func() { slog.Info("") }()
}

// Wrap would change the meaning of ctx in the literal, so the fix changes only the line.
func named(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	go func() { // want `workerpool.Wrap\(ctx, …\)`
		<-ctx.Done()
		slog.Info("")
	}()
	go func() { // want `workerpool.Wrap\(ctx, …\)`
		use(ctx)
		slog.Info("")
		req, _ := http.NewRequest("GET", "/", nil)
		_, _ = http.DefaultClient.Do(req)
	}()
	go func(n int) { // want `workerpool.Wrap\(ctx, …\)`
		slog.Info("")
	}(1)
}

// gin reuses c after the handler, so the fix reads the request's context before the goroutine.
func ofGin(c *gin.Context) {
	go func() { // want `workerpool.Wrap\(c\.Request\.Context\(\), …\)`
		slog.Info("")
	}()
	go func(n int) { // want `workerpool.Wrap\(c\.Request\.Context\(\), …\)`
		slog.Info("")
	}(1)
	go func() { // want `workerpool.Wrap\(c\.Request\.Context\(\), …\)`
		_, _ = http.Get("/")
	}()
}

func use(context.Context) {}

func one() { slog.Info("") }

func silent() {}
