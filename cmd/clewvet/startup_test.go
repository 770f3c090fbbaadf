package main_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// These are the files of TestStartup's program.
const (
	startupMain = `package main

import (
	"context"
	"log/slog"
	"net/http"
	"sync"

	"example.com/service/server"
)

func main() {
	s := server.New(context.Background())
	go s.Loop(context.Background())
	var all sync.WaitGroup
	all.Go(s.Wait)
	s.Tidy(context.Background())
	http.ListenAndServe("", server.Access(slog.Info, s))
}
`
	startupServer = `package server

import (
	"context"
	"log/slog"
	"net/http"
)

type Server struct{ on func(context.Context) }

func New(ctx context.Context) *Server {
	slog.Info("begins")
	load()
	shared(ctx)
	s := &Server{}
	s.on = s.event
	return s
}

func load() { slog.Info("loaded") }

func (s *Server) Loop(ctx context.Context) {
	for range 10 {
		slog.Info("round")
		use(context.Background())
	}
}

func use(context.Context) {}

func Access(log func(string, ...any), next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		next.ServeHTTP(w, r)
		log("served")
	})
}

func (s *Server) Wait() {
	go func(ctx context.Context) { slog.Info("waited") }(context.Background())
}

// New stores event, so a request may call it.
func (s *Server) event(ctx context.Context) { slog.Info("event") }

// Requests call Tidy, too.
func (s *Server) Tidy(ctx context.Context) { slog.Info("tidied") }

// Exported may have callers in other modules.
func (s *Server) Exported(ctx context.Context) { shared(ctx) }

func shared(ctx context.Context) { slog.Info("shared") }

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.Tidy(r.Context())
	s.on(r.Context())
	slog.Info("served")
}
`
)

// clewvet does not report start-up code, in any package. The context of such code is the program's
// own, and has no trace.
func TestStartup(t *testing.T) {
	t.Parallel()
	dir := module(t, map[string]string{"main.go": startupMain, "server/server.go": startupServer})
	const says = "slog.Info without the context at hand: use InfoContext("
	event, tidied := "server/server.go:43:47: "+says+"ctx, …)", "server/server.go:46:46: "+says+"ctx, …)"
	shared, served := "server/server.go:51:36: "+says+"ctx, …)", "server/server.go:56:2: "+says+"r.Context(), …)"
	value := "main.go:18:40: slog.Info as a value takes no context: pass slog.InfoContext, or a function that takes one"
	reports(t, dir, []string{value, event, tidied, shared, served}, clewvet, "./...")
	if _, stderr, code := run(t, dir, clewvet, "-fix", "./..."); code != 0 || stderr != "clewvet: 1 report is left, without a fix\n" {
		t.Errorf("-fix exits with %d: %s", code, stderr)
	}
	reports(t, dir, []string{value}, clewvet, "./...")
	if text := read(t, dir, "server/server.go"); !strings.Contains(text, `slog.Info("begins")`) {
		t.Errorf("-fix changes start-up code:\n%s", text)
	}
}

// A function that waits for signals is start-up code, whoever calls it. So are helpers of tests,
// which serve no request.
func TestStartupSignalsAndTests(t *testing.T) {
	dir := module(t, map[string]string{
		"main.go": `package main

import (
	"context"

	"example.com/service/server"
)

func main() {
	server.Run(context.Background())
	server.Load(context.Background())
}
`,
		"server/server.go": `package server

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
)

func Run(ctx context.Context) {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	slog.Info("runs")
	serve(ctx)
}

func serve(ctx context.Context) { use(context.Background()) }

func Load(ctx context.Context) { slog.Info("loads") }

// Exported may have callers in other modules.
func Exported(ctx context.Context) {
	Run(ctx)
	use(context.Background())
}

func use(context.Context) {}
`,
		"servertest/server.go": `package servertest

import (
	"context"
	"testing"

	"example.com/service/server"
)

func Server(t testing.TB) {
	go server.Load(context.Background())
	check(context.Background())
}

func Checks(ctx context.Context) { server.Exported(ctx) }

func check(ctx context.Context) { server.Exported(context.Background()) }
`,
	})
	const says = "context.Background() loses the trace of the context at hand: use context.WithoutCancel(ctx)"
	reports(t, dir, []string{"server/server.go:24:6: " + says}, clewvet, "./...")
}

// clewvet matches methods with an interface by their types, not by the names of type aliases. A
// function whose only parameter is a context counts as start-up code if start-up code passes it on
// together with another context, or if it returns nothing or only an error.
func TestStartupCalls(t *testing.T) {
	dir := module(t, map[string]string{
		"main.go": `package main

import (
	"context"

	"example.com/service/server"
)

type service interface {
	Start(ctx context.Context, configs map[string]interface{}, on func(any)) error
}

func main() {
	var s service = server.New()
	s.Start(context.Background(), nil, nil)
}
`,
		"server/server.go": `package server

import (
	"context"
	"log/slog"
)

type Context = context.Context

type Server struct{ jobs []func(context.Context) }

func New() *Server { return nil }

func (s *Server) Start(ctx Context, configs map[string]any, on func(interface{})) error {
	slog.Info("starts")
	s.run(ctx, func(ctx context.Context) { s.tidy(ctx) })
	s.add(s.job, func(ctx context.Context) error { return s.job(ctx) })
	s.find(func(ctx context.Context) string { slog.Info("nobody knows"); return "" })
	s.receive(ctx, func(ctx context.Context, request string) { slog.Info("received") })
	return nil
}

func (s *Server) run(ctx context.Context, job func(context.Context)) { s.jobs = append(s.jobs, job) }

func (s *Server) add(all ...func(context.Context) error) { jobs = append(jobs, all...) }

func (s *Server) job(ctx context.Context) error {
	slog.Info("job")
	return nil
}

func (s *Server) find(name func(context.Context) string) { names = append(names, name) }

func (s *Server) receive(ctx context.Context, on func(context.Context, string)) { handlers = append(handlers, on) }

var (
	jobs     []func(context.Context) error
	names    []func(context.Context) string
	handlers []func(context.Context, string)
)

func (s *Server) tidy(ctx context.Context) { slog.Info("tidies") }
`,
	})
	const says = "slog.Info without the context at hand: use InfoContext(ctx, …)"
	reports(t, dir, []string{"server/server.go:18:44: " + says, "server/server.go:19:61: " + says}, clewvet, "./...")
}

// A constructor that start-up code stores belongs to start-up code, because it makes parts of the
// program and serves no request.
func TestStartupConstructors(t *testing.T) {
	dir := module(t, map[string]string{
		"main.go": `package main

import (
	"context"

	"example.com/service/engine"
)

func main() { engine.Open(context.Background(), "disk") }
`,
		"engine/engine.go": `package engine

import (
	"context"
	"log/slog"
)

var engines = make(map[string]func(context.Context))

func init() {
	engines["disk"] = newDisk
	engines["other"] = other
}

func Open(ctx context.Context, name string) { engines[name](ctx) }

func newDisk(ctx context.Context) { slog.Info("disk") }

func other(ctx context.Context) { slog.Info("other") }

// New may have callers in other modules.
func New(ctx context.Context) { slog.Info("new") }
`,
	})
	const says = "slog.Info without the context at hand: use InfoContext(ctx, …)"
	reports(t, dir, []string{"engine/engine.go:19:35: " + says, "engine/engine.go:22:33: " + says}, clewvet, "./...")
}

// A goroutine of start-up code loses no request's trace. It can lose a message's trace.
func TestStartupLeaves(t *testing.T) {
	dir := module(t, map[string]string{
		"main.go": `package main

import "example.com/service/server"

func main() {
	server.Run(&server.Process{})
	server.Consume(nil)
}
`,
		"server/server.go": `package server

import (
	"context"
	"log/slog"

	"github.com/ThreeDotsLabs/watermill/message"
)

// Process has a method Context, as a request has.
type Process struct{ ctx context.Context }

func (p *Process) Context() context.Context { return p.ctx }

func Run(p *Process) {
	go func() { slog.Info("runs") }()
}

// Exported may have callers in other modules.
func Exported(p *Process) {
	go func() { slog.Info("runs") }()
}

func Consume(messages <-chan *message.Message) {
	for m := range messages {
		Handle(m)
	}
}

func Handle(m *message.Message) {
	go func() { slog.Info("handled") }()
}
`,
		"watermill/go.mod": "module github.com/ThreeDotsLabs/watermill\n",
		"watermill/message/message.go": `package message

import "context"

type Message struct{ Metadata map[string]string }

func (*Message) Context() context.Context { return context.Background() }
`,
	})
	write(t, dir, "go.mod", "module example.com/service\n\ngo 1.26\n\nrequire github.com/ThreeDotsLabs/watermill v0.0.0\n\nreplace github.com/ThreeDotsLabs/watermill => ./watermill\n")
	const says = "go leaves the request's trace behind (slog.Info): use workerpool.Wrap("
	exported, handled := "server/server.go:21:2: "+says+"p.Context(), …)", "server/server.go:31:2: "+says+"m.Context(), …)"
	reports(t, dir, []string{exported, handled}, clewvet, "./...")
}

// In Go 1.26, clewvet reports on a package even after go vet analyzed it as a dependency of
// another.
func TestPartAndAll(t *testing.T) {
	const text = "package NAME\n\nimport (\n\t\"log/slog\"\n\t\"net/http\"\nMORE)\n\nfunc Serve(w http.ResponseWriter, r *http.Request) { slog.Info(\"\"); CALL }\n"
	a := strings.NewReplacer("NAME", "a", "MORE", "", "CALL", "").Replace(text)
	b := strings.NewReplacer("NAME", "b", "MORE", "\n\t\"example.com/service/a\"\n", "CALL", "a.Serve(w, r)").Replace(text)
	dir := module(t, map[string]string{"a/a.go": a, "b/b.go": b})
	const says = "slog.Info without the context at hand: use InfoContext(r.Context(), …)"
	inA, inB := "a/a.go:8:54: "+says, "b/b.go:10:54: "+says
	for range 2 {
		reports(t, dir, []string{inB}, clewvet, "./b")
		reports(t, dir, []string{inA, inB}, clewvet, "./...")
	}
}

// If a package has tests, go vet analyzes it together with the tests. It analyzes the package
// alone only as a dependency. clewvet still reports on the package after the tests are deleted.
func TestWithoutItsTests(t *testing.T) {
	t.Parallel()
	const text = "package NAME\n\nimport (\n\t\"log/slog\"\n\t\"net/http\"\nMORE)\n\nfunc Serve(w http.ResponseWriter, r *http.Request) { slog.Info(\"\"); CALL }\n"
	a := strings.NewReplacer("NAME", "a", "MORE", "", "CALL", "").Replace(text)
	b := strings.NewReplacer("NAME", "b", "MORE", "\n\t\"example.com/service/a\"\n", "CALL", "a.Serve(w, r)").Replace(text)
	const test = "package a\n\nimport \"testing\"\n\nfunc TestServe(t *testing.T) { Serve(nil, nil) }\n"
	dir := module(t, map[string]string{"a/a.go": a, "b/b.go": b, "a/a_test.go": test})
	const says = "slog.Info without the context at hand: use InfoContext(r.Context(), …)"
	inA, inB := "a/a.go:8:54: "+says, "b/b.go:10:54: "+says
	for range 2 {
		reports(t, dir, []string{inA, inB}, clewvet, "./...")
		if err := os.Remove(filepath.Join(dir, "a/a_test.go")); err != nil {
			t.Fatal(err)
		}
		reports(t, dir, []string{inA, inB}, clewvet, "./...")
		write(t, dir, "a/a_test.go", test)
		write(t, dir, "a/a.go", a+"\nfunc More() {}\n")
	}
}
