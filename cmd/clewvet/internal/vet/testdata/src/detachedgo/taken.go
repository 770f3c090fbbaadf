package detachedgo

import (
	"log/slog"
	"net/http"

	"github.com/gammazero/workerpool"
)

// The name of clew's workerpool is taken: only the line is mended.
func taken(w http.ResponseWriter, r *http.Request, g *workerpool.WorkerPool) {
	g.Submit(func() { slog.Info("") }) // want `workerpool.Submit leaves`
}
