package freshctx

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"os"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
)

type server struct {
	ctx  context.Context
	stop context.CancelFunc
}

func fresh(ctx context.Context) {
	use(context.Background()) // want `context.Background\(\) loses the trace of the context at hand: use context.WithoutCancel\(ctx\)`
	use(context.TODO())       // want `context.TODO\(\) loses the trace`
	use(context.WithoutCancel(ctx))
	go func() {
		use(context.Background()) // want `context.Background`
	}()
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second) // want `WithoutCancel\(ctx\)`
		defer cancel()
		use(ctx)
	}()
}

func none() { use(context.Background()) }

func assigned(ctx context.Context) {
	ctx = context.Background() // want `WithoutCancel\(ctx\)`
	use(ctx)
}

func ofRequest(w http.ResponseWriter, r *http.Request) {
	ctx := context.Background() // want `WithoutCancel\(r\.Context\(\)\)`
	use(ctx)
	derived := r.Context()
	use(derived)
	use(context.Background()) // want `WithoutCancel\(derived\)`
}

// There is no fix in the goroutine, because gin reuses c for another request.
func noFix(c *gin.Context) {
	go func() {
		use(context.Background()) // want `WithoutCancel\(c\.Request\.Context\(\)\)`
	}()
	use(context.Background()) // want `WithoutCancel\(c\.Request\.Context\(\)\)`
}

func shadowed(ctx context.Context) {
	bg := context.Background() // want `WithoutCancel\(ctx\)`
	use(bg)
	{
		ctx := "something else"
		use(context.Background()) // want `WithoutCancel\(ctx\)`
		_ = ctx
	}
}

func guards(ctx context.Context, r *http.Request) {
	if ctx == nil {
		ctx = context.Background()
	}
	if r != nil {
		use(context.Background()) // want `WithoutCancel\(ctx\)`
	} else {
		use(context.Background())
	}
	if len(os.Args) == 0 {
		use(context.Background()) // want `WithoutCancel\(ctx\)`
	}
	if ctx == context.Background() {
		return
	}
	use(ctx)
}

func returns(ctx context.Context) context.Context {
	if ctx != nil {
		return ctx
	}
	return context.Background()
}

func checks(ctx context.Context) {
	if ctx != nil {
		println()
	}
	use(context.Background()) // want `WithoutCancel\(ctx\)`
}

func defaults(w http.ResponseWriter, r *http.Request) {
	ctx := context.Background()
	if r.Body != nil {
		ctx = r.Context()
	}
	use(ctx)
	own := context.Background() // want `WithoutCancel\(r\.Context\(\)\)`
	own = context.WithValue(own, "k", "v")
	use(own)
}

func tests(ctx context.Context, tb testing.TB) { use(context.Background()) }

type task struct{ Context context.Context }

func tasks(ctx context.Context) {
	_ = func(t task) { use(context.Background()) }
}

func (s *server) fields(ctx context.Context) *server {
	s.ctx = context.Background()
	s.ctx, s.stop = context.WithCancel(context.Background())
	inner, stop := context.WithCancel(context.Background()) // want `WithoutCancel\(ctx\)`
	defer stop()
	use(inner)
	return &server{ctx: context.Background()}
}

func shutdown(ctx context.Context, s *http.Server) {
	go func() {
		<-ctx.Done()
		_ = s.Shutdown(context.Background())
	}()
}

func shutdowns(ctx context.Context, s *http.Server) func() {
	defer func() {
		_ = s.Shutdown(context.Background())
		end, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = s.Shutdown(end)
		other, cancel := context.WithTimeout(context.Background(), time.Second) // want `WithoutCancel\(ctx\)`
		defer cancel()
		use(other)
	}()
	return nil
}

func cleanup(ctx context.Context) func() {
	return func() { use(context.Background()) }
}

func assignedCleanup(ctx context.Context) func() {
	release := func() { use(context.Background()) }
	other := func() { use(context.Background()) } // want `WithoutCancel\(ctx\)`
	other()
	return release
}

func loops(ctx context.Context, r *http.Request) {
	for {
		use(context.Background())
		go func() { use(context.Background()) }()
	}
}

func rounds(ctx context.Context) {
	for range 3 {
		use(context.Background()) // want `WithoutCancel\(ctx\)`
	}
	for i := 0; i < 3; i++ {
		use(context.Background()) // want `WithoutCancel\(ctx\)`
	}
}

func requestLoop(r *http.Request) {
	for {
		use(context.Background()) // want `WithoutCancel\(r\.Context\(\)\)`
	}
}

func newServer(ctx context.Context) {
	_ = &http.Server{ErrorLog: nil, ConnState: func(net.Conn, http.ConnState) { use(context.Background()) }}
}

func NewServer(ctx context.Context) *server {
	s := new(server)
	use(context.Background()) // want `WithoutCancel\(ctx\)`
	s.stop = func() { use(context.Background()) }
	return s
}

func use(context.Context) {}

func enabled(ctx context.Context, l *slog.Logger, h slog.Handler) bool {
	return l.Enabled(context.Background(), slog.LevelDebug) || h.Enabled(context.Background(), slog.LevelDebug)
}
