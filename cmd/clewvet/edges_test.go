package main_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// implicit returns the directory of a module that sets Implicit.
func implicit(t *testing.T, files map[string]string) string {
	t.Helper()
	files = maps.Clone(files)
	for _, name := range []string{"go.mod", "clew/go.mod", "clew/httpmw/httpmw.go"} {
		files[name] = shop[name]
	}
	files["clew/httpmw/httpmw.go"] += "\nfunc New(Config) func(h any) any { return nil }\n"
	if files["main.go"] == "" {
		files["main.go"] = "package main\n\nimport \"example.com/clew/httpmw\"\n\nfunc main() { httpmw.New(httpmw.Config{Implicit: true}) }\n"
	}
	return module(t, files)
}

// -fix does not change lines that Implicit covers, even in a function that the handler calls. It
// fixes the other lines.
func TestFixCovered(t *testing.T) {
	t.Parallel()
	const text = `package web

import (
	"context"
	"log/slog"
	"net/http"
)

func Serve(w http.ResponseWriter, r *http.Request) {
	slog.Info("1")
	help(r.Context())
}

func help(ctx context.Context) { slog.Info("2") }

func Consume(ctx context.Context) { slog.Info("3") }
`
	dir := implicit(t, map[string]string{"web/web.go": text})
	want := strings.Replace(text, `Info("3"`, `InfoContext(ctx, "3"`, 1)
	if _, stderr, code := run(t, dir, clewvet, "-fix", "./..."); code != 0 || stderr != "" || read(t, dir, "web/web.go") != want {
		t.Errorf("-fix exits with %d: %s\n%s", code, stderr, read(t, dir, "web/web.go"))
	}
	write(t, dir, "send/send.go", "package send\n\nimport (\n\t\"log/slog\"\n\t\"net/http\"\n)\n\nfunc send(r *http.Request) { slog.Info(\"4\") }\n\nfunc Serve(w http.ResponseWriter, r *http.Request) { slog.Info(\"5\") }\n")
	sent := []string{"send/send.go:8:30: slog.Info without the context at hand: use InfoContext(r.Context(), …)"}
	reports(t, dir, sent, clewvet, "-implicit", "./send")
	reports(t, dir, sent, "go", "vet", "-vettool="+clewvet, "-implicit", "./send")
	os.RemoveAll(filepath.Join(dir, "send"))
	baseline := "web/../old.txt"
	write(t, dir, "web/web.go", text)
	run(t, dir, clewvet, "-write-baseline="+baseline, "./...")
	if _, stderr, code := run(t, dir, clewvet, "-fix", "-baseline="+baseline, "./..."); code != 0 || stderr != "" || read(t, dir, "web/web.go") != text {
		t.Errorf("-fix -baseline exits with %d: %s\n%s", code, stderr, read(t, dir, "web/web.go"))
	}
}

// In a module with http.TimeoutHandler, clewvet does not apply Implicit, because handlers run on
// other goroutines. It does apply Implicit if the call of http.TimeoutHandler contains httpmw's
// New.
func TestTimeoutHandler(t *testing.T) {
	const web = `package web

import (
	"log/slog"
	"net/http"
)

func Serve(w http.ResponseWriter, r *http.Request) { slog.Info("1") }
`
	const mains = `package main

import (
	"net/http"

	"example.com/clew/httpmw"
	"example.com/shop/web"
)

func main() {
	new := httpmw.New(httpmw.Config{Implicit: true})
	h := http.HandlerFunc(web.Serve)
	_, _ = new, http.TimeoutHandler(h, 1, "")
}
`
	dir := implicit(t, map[string]string{"web/web.go": web, "main.go": mains})
	write(t, dir, "http_test.go", "package main\n\nimport \"example.com/clew/httpmw\"\n\nvar _ = httpmw.Config{Implicit: true}\n")
	write(t, dir, "main.go", strings.NewReplacer("Implicit: true", "", `http.TimeoutHandler(h, 1, "")`, "h").Replace(mains))
	lost := []string{`web/web.go:8:54: slog.Info without the context at hand: use InfoContext(r.Context(), …)`}
	reports(t, dir, lost, clewvet, "-tests", "./...")
	write(t, dir, "main.go", mains)
	reports(t, dir, lost, clewvet, "./...")
	reports(t, dir, lost, clewvet, "-implicit=0", "./...")
	_, stderr, code := run(t, dir, clewvet, "-implicit", "./...")
	if code != 0 || !strings.HasPrefix(stderr, "clewvet: Implicit is set: 1 more place ") {
		t.Errorf("-implicit exits with %d: %s", code, stderr)
	}
	write(t, dir, "main.go", strings.Replace(mains, "http.TimeoutHandler(h,", "http.TimeoutHandler(httpmw.New(httpmw.Config{})(h).(http.Handler),", 1))
	if _, stderr, code := run(t, dir, clewvet, "./..."); code != 0 || !strings.Contains(stderr, "1 more place has its ID") {
		t.Errorf("with httpmw inside of TimeoutHandler, clewvet exits with %d: %s", code, stderr)
	}
}

// A flag that names one analyzer switches off the others. A line directive with a position that
// does not exist does no harm.
func TestOnly(t *testing.T) {
	t.Parallel()
	dir := module(t, shop)
	for _, flag := range []string{"-logctx", "-ctxless=false"} {
		if _, stderr, _ := run(t, dir, clewvet, flag, "./..."); strings.Contains(stderr, "takes no context") || !strings.Contains(stderr, shopLogger) {
			t.Errorf("%s reports\n%s", flag, stderr)
		}
	}
	dir = module(t, map[string]string{"service.go": strings.Replace(service, "\tslog.Info(\"asked\")", "//line gone.x:7:3\n\tslog.Info(\"asked\")\n//line service.go:9999", 1)})
	_, stderr, code := run(t, dir, clewvet, "./...")
	if code != 1 || !strings.Contains(stderr, "gone.x:7:4: slog.Info without") || strings.Contains(stderr, "panic") {
		t.Errorf("clewvet exits with %d: %s", code, stderr)
	}
	if _, stderr, code := run(t, dir, clewvet, "-write-baseline=old.txt", "./..."); code != 0 {
		t.Errorf("-write-baseline exits with %d: %s", code, stderr)
	}
	if _, stderr, code := run(t, dir, clewvet, "-baseline=old.txt", "./..."); code != 0 {
		t.Errorf("-baseline exits with %d: %s", code, stderr)
	}
}

// clewvet accepts a module without packages, and one with only tests.
func TestLittle(t *testing.T) {
	dir := module(t, nil)
	if _, stderr, code := run(t, dir, clewvet, "./..."); code == 2 || strings.Contains(stderr, "panic") {
		t.Errorf("in an empty module, clewvet exits with %d: %s", code, stderr)
	}
	dir = module(t, map[string]string{
		"a_test.go":   "package a\n\nimport \"testing\"\n\nfunc TestA(t *testing.T) { go t.Log(1) }\n",
		"b/b_test.go": "package b_test\n\nimport \"testing\"\n\nfunc TestB(t *testing.T) { go t.Log(1) }\n",
		"c/c.go":      "package c\n",
	})
	for _, flag := range []string{"-tests", "-tests=false", "-json"} {
		if _, stderr, code := run(t, dir, clewvet, flag, "./..."); code != 0 || strings.Contains(stderr, "clewvet:") {
			t.Errorf("in a module with only tests, clewvet %s exits with %d: %s", flag, code, stderr)
		}
	}
}

// clewvet does not follow calls through an interface with two implementations. A type whose name
// only contains nop, and a generic type, count as implementations.
func TestImplementations(t *testing.T) {
	files := map[string]string{
		"store/synopsis.go": "package store\n\nimport \"log/slog\"\n\ntype Synopsis struct{}\n\nfunc (Synopsis) Save(id string) error { slog.Info(id); return nil }\nfunc (Synopsis) Load(id string) string { return id }\n",
		"store/list.go":     "package store\n\ntype List[T any] struct{}\n\nfunc (List[T]) Save(id T) error { return nil }\nfunc (List[T]) Load(id T) T { return id }\n",
	}
	for name, text := range files {
		dir := module(t, shop)
		write(t, dir, name, text)
		if _, stderr, _ := run(t, dir, clewvet, "./..."); strings.Contains(stderr, "Store.Save") || !strings.Contains(stderr, shopLogger) {
			t.Errorf("with %s clewvet reports\n%s", name, stderr)
		}
	}
}
