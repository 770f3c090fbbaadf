package httpmw_test

import (
	"context"
	"net/http"
	"runtime"
	"runtime/pprof"
	"testing"

	"example.com/clew/httpmw"
	"example.com/clew/internal/goroutine"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// While a Guard is on, the handler's goroutine has the Guard's labels. After the handler, the
// goroutine keeps them only if it had them before, as inside of another request's handler.
func TestGuardLabels(t *testing.T) {
	t.Setenv("GODEBUG", "tracebacklabels=1")
	for name, descends := range map[string]bool{"a goroutine of its own": false, "in another handler": true} {
		t.Run(name, func(t *testing.T) {
			g := &goroutine.Guard{
				Traced:   func(ctx context.Context) context.Context { return pprof.WithLabels(ctx, pprof.Labels("owes", "trace")) },
				Handed:   func(ctx context.Context) context.Context { return ctx },
				Descends: func() bool { return descends },
				Lost:     func(string, func() runtime.Frame) {},
			}
			require.True(t, goroutine.SetGuard(g, nil), "no other Guard is on")
			defer goroutine.SetGuard(nil, g)
			defer pprof.SetGoroutineLabels(context.Background())
			serve(httpmw.New(httpmw.Config{})(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
				assert.Equal(t, "owes: trace", goroutine.Labels(), "labels in the handler")
			})), get(nil))
			want := ""
			if descends {
				want = "owes: trace"
			}
			assert.Equal(t, want, goroutine.Labels(), "labels after the handler")
		})
	}
}
