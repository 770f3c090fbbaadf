package main_test

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// coveredCases are the packages of one module, so that one run of clewvet checks all of them. The
// comment on a line says whether clewvet must leave the line out (covered) or report it (lost).
var coveredCases = []struct{ name, code string }{
	{"helpers", `
func Serve(w http.ResponseWriter, r *http.Request) {
	slog.Info("x") // covered
	help(r)
	bind(r.Context())
	var s shelf
	s.put(r)
	tidy[int](r.Context(), 1)
	bin[int]{}.put(r.Context())
}
func help(r *http.Request) {
	slog.Info("x") // covered
}
func bind(ctx context.Context) {
	slog.Info("x") // covered
}
type shelf struct{ rack }
type rack struct{}
func (*rack) put(r *http.Request) {
	slog.Info("x") // covered
}
func tidy[T any](ctx context.Context, v T) {
	slog.Info("x") // covered
}
type bin[T any] struct{}
func (bin[T]) put(ctx context.Context) {
	slog.Info("x") // covered
}`},
	{"literals", `
func Serve(w http.ResponseWriter, r *http.Request) {
	func() {
		slog.Info("x") // covered
	}()
	defer func() {
		slog.Info("x") // covered
	}()
	say := func(s string) {
		slog.Info(s) // covered
	}
	say("x")
	func() { say("y") }()
	slices.SortFunc([]int{1}, func(a, b int) int {
		slog.Info("x") // covered
		return a - b
	})
	each(func() {
		slog.Info("x") // covered
	})
	var walk func(n int)
	walk = func(n int) {
		slog.Info("x") // covered
		if n > 0 {
			walk(n - 1)
		}
	}
	walk(1)
}
func each(f func()) {
	func() { f() }()
}`},
	{"literalskept", `
var queue = make(chan func())
type job struct{ run func() }
var hook func()
func Serve(w http.ResponseWriter, r *http.Request) {
	f := func() {
		slog.Info("x") // lost
	}
	go f()
	queue <- func() {
		slog.Info("x") // lost
	}
	_ = job{func() {
		slog.Info("x") // lost
	}}
	hook = func() {
		slog.Info("x") // lost
	}
	start(func() {
		slog.Info("x") // lost
	})
	keep(func() {
		slog.Info("x") // lost
	})
	g := func() {
		slog.Info("x") // lost
	}
	start(func() { g() })
	_ = make(map[string]func())
	all := []func(){func() {
		slog.Info("x") // lost
	}}
	_ = all
	h := func() {
		slog.Info("x") // lost
	}
	queue <- h
}
func start(f func()) {
	go func() { f() }()
}
func keep(f func()) {
	hook = f
}
func Make(r *http.Request) func() {
	return func() {
		slog.Info("x") // lost
	}
}`},
	{"spawned", `
func Serve(w http.ResponseWriter, r *http.Request) {
	go audit(r)
	go also(w, r)
	audit(r)
}
func audit(r *http.Request) {
	slog.Info("x") // lost
}
func also(w http.ResponseWriter, r *http.Request) {
	slog.Info("x") // lost
}`},
	{"client", `
func Run(ctx context.Context) {
	for {
		r, _ := http.NewRequestWithContext(ctx, "GET", "/", nil)
		send(r)
	}
}
func send(r *http.Request) {
	slog.Info("x") // lost
}`},
	{"roots", `
func Serve(w http.ResponseWriter, r *http.Request) {
	load(r.Context())
	read(r.Context())
	pull(r.Context())
	push(r.Context())
}
// A queue calls Consume, outside of this module.
func Consume(ctx context.Context) {
	load(ctx)
}
func load(ctx context.Context) {
	slog.Info("x") // lost
}
func init() { go read(context.TODO()) }
func init() { _ = 1 }
func read(ctx context.Context) {
	slog.Info("x") // lost
}
var command = func() { go pull(context.TODO()) }
func pull(ctx context.Context) {
	slog.Info("x") // lost
}
var _ = func() int { go push(context.TODO()); return 1 }()
func push(ctx context.Context) {
	slog.Info("x") // lost
}
var Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
	slog.Info("x") // covered
})`},
	{"interfaces", `
type mender interface{ Mend(ctx context.Context) }
type shop struct{ m mender }
type hand struct{}
func (hand) Mend(ctx context.Context) {
	slog.Info("x") // lost
}
func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.m.Mend(r.Context())
	f := s.m.Mend
	go f(r.Context())
	turn{}.Turn(r.Context())
	pen{}.Write([]byte{})
	var c carver[int]
	c.Carve(r.Context(), 1)
}
type turn struct{}
func (turn) Turn(ctx context.Context) {
	slog.Info("x") // lost
}
func spin(t interface{ Turn(context.Context) }) { go t.Turn(context.TODO()) }
type pen struct{}
func (pen) Write(p []byte) (int, error) {
	ink(context.TODO())
	return 0, nil
}
func ink(ctx context.Context) {
	slog.Info("x") // lost
}
func drain(w io.Writer) { go w.Write(nil) }
type carver[T any] interface{ Carve(ctx context.Context, v T) }
type knife struct{}
func (knife) Carve(ctx context.Context, v int) {
	slog.Info("x") // lost
}
func carve(c carver[int]) { go c.Carve(context.TODO(), 1) }`},
	{"generated", `
func Serve(w http.ResponseWriter, r *http.Request) { load(r.Context()) }
func load(ctx context.Context) {
	slog.Info("x") // lost
}`},
	{"outside", `
func Serve(w http.ResponseWriter, r *http.Request) {
	slog.Info("x") // lost
}`},
	{"once", `
func Serve(w http.ResponseWriter, r *http.Request) {
	note() // covered
}
func Consume(ctx context.Context) {
	note() // lost
}
func note() { slog.Info("x") }`},
}

// coveredFiles returns the files of the module with the packages of coveredCases.
func coveredFiles() (files map[string]string) {
	files = map[string]string{
		"go.mod":                shop["go.mod"],
		"clew/go.mod":           shop["clew/go.mod"],
		"clew/httpmw/httpmw.go": shop["clew/httpmw/httpmw.go"],
		"main.go":               "package main\n\nimport (\n\t\"example.com/clew/httpmw\"\n\t_ \"example.com/shop/helpers\"\n)\n\nfunc main() { _ = httpmw.Config{Implicit: true} }\n",
		"other/main.go":         "package main\n\nimport (\n\t\"net/http\"\n\n\t\"example.com/shop/helpers\"\n\t\"example.com/shop/outside\"\n)\n\nfunc main() {\n\thttp.HandleFunc(\"/\", outside.Serve)\n\thttp.HandleFunc(\"/h\", helpers.Serve)\n}\n",
		"generated/gen.go":      "// Code generated by hand. DO NOT EDIT.\n\npackage generated\n\nimport \"context\"\n\nfunc run(ctx context.Context) { go load(ctx) }\n",
		"helpers/it_test.go":    "package helpers\n\nimport (\n\t\"context\"\n\t\"testing\"\n)\n\nfunc TestBind(t *testing.T) { go bind(context.Background()) }\n",
	}
	for _, test := range coveredCases {
		text := "package " + test.name + "\n\nimport (\n"
		for _, path := range []string{"context", "io", "log/slog", "net/http", "slices"} {
			if strings.Contains(test.code, path[strings.LastIndexByte(path, '/')+1:]+".") {
				text += fmt.Sprintf("\t%q\n", path)
			}
		}
		files[test.name+"/it.go"] = text + ")\n" + test.code + "\n"
	}
	return files
}

// With Implicit, clewvet leaves out code that runs only on the goroutines of requests. It reports
// all other code.
func TestCovered(t *testing.T) {
	t.Parallel()
	files := coveredFiles()
	dir := module(t, files)
	_, stderr, code := run(t, dir, clewvet, "-tests", "./...")
	if code != 1 {
		t.Fatalf("clewvet exits with %d:\n%s", code, stderr)
	}
	for _, test := range coveredCases {
		t.Run(test.name, func(t *testing.T) {
			file := filepath.Join(test.name, "it.go")
			reported := make(map[string]bool)
			for line := range strings.Lines(stderr) {
				if posn, _, ok := strings.Cut(line, ": "); ok && strings.HasPrefix(posn, file+":") {
					reported[strings.Split(posn, ":")[1]] = true
				}
			}
			n := 0
			for line := range strings.Lines(files[test.name+"/it.go"]) {
				n++
				got := reported[fmt.Sprint(n)]
				if want := strings.Contains(line, "// lost"); got != want && (want || strings.Contains(line, "// covered")) {
					t.Errorf("line %d: %s: reported is %v, and the line's comment says the opposite", n, strings.TrimSpace(line), got)
				}
			}
		})
	}
	if t.Failed() {
		t.Log(stderr, slices.Sorted(maps.Keys(files)))
	}
}
