package tracetest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"testing"

	"example.com/clew/httpmw"
	"example.com/clew/trace"
	"example.com/clew/tracetest"
	"example.com/clew/workerpool"
	"github.com/stretchr/testify/assert"
)

const implicitEnv = "TRACETEST_IMPLICIT"

// Guard does not report a line or a request that has its goroutine's trace. It reports all others,
// as without Implicit. The test has a process of its own, because implicit traces stay on.
func TestGuardImplicit(t *testing.T) {
	if os.Getenv(implicitEnv) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestGuardImplicit$", "-test.v", "-test.count=1")
		cmd.Env = append(os.Environ(), implicitEnv+"=1", "GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE"))
		out, err := cmd.CombinedOutput()
		assert.NoError(t, err, "%s", out)
		assert.Contains(t, string(out), "--- PASS: TestGuardImplicit (", "output of the test in its own process")
		return
	}
	in := httpmw.New(httpmw.Config{Implicit: true})
	for _, tt := range []struct {
		name string
		run  func(s *shop, ctx context.Context)
		want []string
	}{
		{"a line of the handler", func(s *shop, _ context.Context) {
			s.log.Info().Msg("sold")
			s.slog.Info("sold")
		}, nil},
		{"a request of the handler", func(s *shop, _ context.Context) {
			s.send(http.NewRequest(http.MethodGet, "http://stock.example/", nil))
			_, _ = s.resty.R().Get("http://stock.example/")
		}, nil},
		{"a line of a task", func(s *shop, ctx context.Context) {
			s.inPool(ctx, func(context.Context) { s.log.Info().Msg("sold") })
		}, nil},
		{"a line of a task without a trace", func(s *shop, _ context.Context) {
			s.inPool(context.Background(), func(context.Context) { s.log.Info().Msg("sold") })
		}, []string{"log line"}},
		{"a line of a bare goroutine", func(s *shop, _ context.Context) {
			s.inGoroutine(func() { s.log.Info().Msg("sold") })
		}, []string{"log line"}},
		{"a request of a bare goroutine", func(s *shop, _ context.Context) {
			s.inGoroutine(func() { s.send(http.NewRequest(http.MethodGet, "http://stock.example/", nil)) })
		}, []string{"request"}},
		{"a line in a Do without a trace", func(s *shop, _ context.Context) {
			trace.Do(context.Background(), func(context.Context) { s.log.Info().Msg("sold") })
		}, []string{"log line"}},
		{"a bare goroutine of a consumer's Do", func(s *shop, _ context.Context) {
			s.elsewhere(func() {
				ctx, _ := trace.Start(context.Background(), "consume")
				trace.Do(ctx, func(context.Context) {
					s.log.Info().Msg("sold")
					s.inGoroutine(func() { s.log.Info().Msg("not seen") })
				})
			})
		}, nil},
		{"a bare goroutine of a consumer's task", func(s *shop, _ context.Context) {
			s.elsewhere(func() {
				ctx, _ := trace.Start(context.Background(), "consume")
				workerpool.Wrap(ctx, func(context.Context) {
					s.log.Info().Msg("sold")
					s.inGoroutine(func() { s.log.Info().Msg("sold") })
				})()
			})
		}, []string{"log line"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, fake := newShop(t), &fakeTB{TB: t}
			tracetest.Guard(fake)
			in(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { tt.run(s, r.Context()) })).
				ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodGet, "/", nil))
			s.wg.Wait()
			var places []string
			for _, said := range fake.end() {
				_, what, _ := strings.Cut(said, ".go:")
				_, what, _ = strings.Cut(what, ": ")
				what, _, _ = strings.Cut(what, " without a trace, once")
				places = append(places, what)
			}
			assert.Equal(t, tt.want, places, "losses that Guard reports")
		})
	}
}
