package detachedgo

import (
	"log/slog"
	"net/http"

	"github.com/gammazero/workerpool"
)

// The name workerpool already means another package, so the fix changes only the line.
func taken(w http.ResponseWriter, r *http.Request, g *workerpool.WorkerPool) {
	g.Submit(func() { slog.Info("") }) // want `workerpool.Submit leaves`
}
