package logctx

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/gofiber/fiber/v2"
	"github.com/labstack/echo/v4"
	"github.com/spf13/cobra"
	"github.com/urfave/cli/v3"
)

func ofGin(c *gin.Context)                      { slog.Info("") } // want `InfoContext\(c\.Request\.Context\(\), …\)`
func ofEcho(c echo.Context)                     { slog.Info("") } // want `InfoContext\(c\.Request\(\)\.Context\(\), …\)`
func ofFiber(c *fiber.Ctx)                      { slog.Info("") } // want `InfoContext\(c\.UserContext\(\), …\)`
func ofStream(s stream)                         { slog.Info("") } // want `InfoContext\(s\.Context\(\), …\)`
func ofOwn(c own)                               { slog.Info("") } // want `InfoContext\(c, …\)`
func ofBoth(r *http.Request, c context.Context) { slog.Info("") } // want `InfoContext\(c, …\)`
func ofTwo(first, second context.Context)       { slog.Info("") } // want `InfoContext\(first, …\)`
func ofCobra(cmd *cobra.Command)                { slog.Info("") }
func ofCLI(ctx context.Context, c *cli.Command) { slog.Info("") }
func unnamed(context.Context)                   { slog.Info("") }
func blank(_ context.Context)                   { slog.Info("") }

type stream interface{ Context() context.Context }

type own struct{ context.Context }

type field struct{ ctx context.Context }

func (f field) method() { slog.Info("") }

func literals(ctx context.Context) {
	go func() {
		slog.Info("") // want `InfoContext\(ctx, …\)`
	}()
	_ = func(inner context.Context) {
		slog.Info("") // want `InfoContext\(inner, …\)`
	}
	_ = func(context.Context) {
		slog.Info("")
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	slog.Info("") // want `InfoContext\(ctx, …\)`
	{
		ctx := "something else"
		slog.Info(ctx) // want `InfoContext\(ctx, …\)`
	}
}

// There is no fix, because gin reuses c for another request once the handler has returned.
func later(c *gin.Context) {
	_ = func() {
		slog.Info("") // want `InfoContext\(c\.Request\.Context\(\), …\)`
	}
}

// detachedgo reports the goroutines that a handler starts.
func handler(w http.ResponseWriter, r *http.Request) {
	go func() {
		slog.Info("")
	}()
	time.AfterFunc(time.Second, func() { slog.Info("") })
	func() {
		slog.Info("") // want `slog.Info without`
	}()
}

func ends(ctx context.Context, signals chan os.Signal, ticks chan int) {
	for {
		select {
		case <-ticks:
			slog.Info("") // want `slog.Info without`
			continue
		case <-ctx.Done():
			slog.Info("")
		}
		break
	}
	slog.Info("before") // want `slog.Info without`
	<-ctx.Done()
	slog.Info("after")
	if true {
		slog.Info("after")
	}
}

func endsBySelect(ctx context.Context, ticks chan int) {
	select {
	case <-ctx.Done():
	case <-ticks:
	}
	slog.Info("")
}

func goesOn(ctx context.Context, ticks chan int) {
	select {
	case <-ctx.Done():
		return
	case <-ticks:
	}
	slog.Info("") // want `slog.Info without`
}

func endsBySignal(ctx context.Context, signals chan os.Signal) {
	<-signals
	slog.Info("")
}

func afterFunc(ctx context.Context) {
	context.AfterFunc(ctx, func() { slog.Info("") })
}

// A canceled request still has a trace.
func canceled(w http.ResponseWriter, r *http.Request) {
	<-r.Context().Done()
	slog.Info("") // want `slog.Info without`
}

func suppressed(ctx context.Context) {
	slog.Info("") //clewvet:ignore it is a test
	//clewvet:ignore it is a test
	slog.Info("")
	slog.Info("") //nolint:errcheck,clewvet // it is a test
	slog.Info("") //clewvet:ignore it is a test
	slog.Info("") // want `slog.Info without`
	//clewvet:ignore
	slog.Info("") // want `slog.Info without`
	slog.Info("") //nolint:errcheck // want `slog.Info without`
	slog.Info(    //clewvet:ignore it is a test
		"")
}
