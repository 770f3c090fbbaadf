package main_test

import (
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var clewvet string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "clewvet")
	if err != nil {
		panic(err)
	}
	clewvet = filepath.Join(dir, "clewvet")
	if out, err := exec.Command("go", "build", "-o", clewvet, ".").CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

const service = `package service

import (
	"context"
	"log/slog"
	"net/http"
)

func Handle(w http.ResponseWriter, r *http.Request) {
	slog.Info("asked")
	save(context.Background())
	note()
	go note()
}

func save(ctx context.Context) {
	slog.Info("saved") //clewvet:ignore the line belongs to no request
	http.NewRequest("GET", "/", nil)
}

func note() { slog.Info("noted") }
`

// These constants are the reports of all analyzers on service.
const (
	logctx   = "service.go:10:2: slog.Info without the context at hand: use InfoContext(r.Context(), …)"
	freshctx = "service.go:11:7: context.Background() loses the trace of the context at hand: use context.WithoutCancel(r.Context())"
	ctxless  = "service.go:12:2: note takes no context, and loses the one at hand (note → slog.Info): give it one"
	detached = "service.go:13:2: go leaves the request's trace behind (note → slog.Info): give it a context, and use workerpool.Wrap(r.Context(), …)"
	reqctx   = "service.go:18:2: http.NewRequest without the context at hand: use NewRequestWithContext(ctx, …)"
)

var all = []string{logctx, freshctx, ctxless, detached, reqctx}

// module writes a module with these files, and returns its directory.
func module(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	write(t, dir, "go.mod", "module example.com/service\n\ngo 1.26\n")
	for name, text := range files {
		write(t, dir, name, text)
	}
	return dir
}

func write(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, dir, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// run returns the output and the exit code of a command.
func run(t *testing.T, dir string, command ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.Command(command[0], command[1:]...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	var out, said strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &said
	err := cmd.Run()
	if _, ok := errors.AsType[*exec.ExitError](err); err != nil && !ok {
		t.Fatal(err)
	}
	return out.String(), said.String(), cmd.ProcessState.ExitCode()
}

// reports runs a command, and checks that its reports are exactly want.
func reports(t *testing.T, dir string, want []string, command ...string) {
	t.Helper()
	_, stderr, code := run(t, dir, command...)
	var got []string
	for line := range strings.Lines(stderr) {
		if line = strings.TrimPrefix(strings.TrimSpace(line), "./"); line != "" && !strings.HasPrefix(line, "#") {
			got = append(got, line)
		}
	}
	slices.Sort(got)
	want = slices.Sorted(slices.Values(want))
	if !slices.Equal(got, want) {
		t.Errorf("%v reports\n%s\nwant\n%s", command[1:], strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if (code != 0) != (len(want) > 0) {
		t.Errorf("%v exits with %d, but %d reports are wanted", command[1:], code, len(want))
	}
}

func TestStandalone(t *testing.T) {
	t.Parallel()
	reports(t, module(t, map[string]string{"service.go": service}), all, clewvet, "./...")
}

func TestVettool(t *testing.T) {
	t.Parallel()
	reports(t, module(t, map[string]string{"service.go": service}), all, "go", "vet", "-vettool="+clewvet, "./...")
}

func TestFlags(t *testing.T) {
	t.Parallel()
	const (
		text = "package service\n\nimport (\n\t\"context\"\n\t\"log/slog\"\n)\n\n" +
			"func Do(ctx context.Context) {\n\tslog.Info(\"\")\n\tdo(context.TODO())\n\tgo do(ctx)\n}\n\nfunc do(context.Context) {}\n"
		logctx   = "service.go:9:2: slog.Info without the context at hand: use InfoContext(ctx, …)"
		freshctx = "service.go:10:5: context.TODO() loses the trace of the context at hand: use context.WithoutCancel(ctx)"
		nakedgo  = "service.go:11:2: go statement: use workerpool.Go(ctx, …)"
	)
	tests := []struct {
		name  string
		flags []string
		want  []string
	}{
		{"flag of an analyzer that is on", []string{"-logctx"}, []string{logctx}},
		{"flags of two analyzers that are on", []string{"-logctx=true", "--freshctx"}, []string{logctx, freshctx}},
		{"analyzer switched off", []string{"-logctx=false"}, []string{freshctx}},
		{"flag of an analyzer that is off", []string{"-nakedgo"}, []string{logctx, freshctx, nakedgo}},
		{"flags of an analyzer that is off and one that is on", []string{"-nakedgo", "-logctx"}, []string{logctx, nakedgo}},
		{"flag that belongs to an analyzer", []string{"-nakedgo", "-nakedgo.allow=example.com/service"}, []string{logctx, freshctx}},
		{"flag for test files", []string{"-logctx", "-tests"}, []string{logctx, strings.Replace(logctx, "service.go", "service_test.go", 1)}},
	}
	dir := module(t, map[string]string{
		"service.go":      text,
		"service_test.go": strings.NewReplacer("Do(", "DoTest(", "do(", "doTest(").Replace(text),
	})
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			reports(t, dir, test.want, slices.Concat([]string{clewvet}, test.flags, []string{"./..."})...)
		})
	}
}

// clewvet says which package does not build, and reports on the others.
func TestBroken(t *testing.T) {
	dir := module(t, map[string]string{"broken/broken.go": "package broken\n\nfunc f() { nonsense() }\n", "service.go": service})
	_, stderr, code := run(t, dir, clewvet, "./...")
	if code == 0 || !strings.Contains(stderr, "undefined: nonsense") || !strings.Contains(stderr, logctx) {
		t.Errorf("with a package that does not build, clewvet exits with %d:\n%s", code, stderr)
	}
}

func TestHelp(t *testing.T) {
	stdout, stderr, code := run(t, ".", clewvet, "help")
	for _, name := range []string{"logctx", "ctxless", "freshctx", "reqctx", "detachedgo", "auditmsg", "ignore", "rawclient", "nakedgo"} {
		if !strings.Contains(stdout+stderr, name) {
			t.Errorf("help does not name %s", name)
		}
	}
	if code != 0 {
		t.Errorf("help exits with %d", code)
	}
	if _, _, code := run(t, ".", clewvet); code != 2 {
		t.Errorf("without arguments clewvet exits with %d, want 2", code)
	}
}

func TestFix(t *testing.T) {
	t.Parallel()
	dir := module(t, map[string]string{"service.go": service})
	if _, stderr, code := run(t, dir, clewvet, "-fix", "./..."); code != 0 {
		t.Fatalf("-fix exits with %d: %s", code, stderr)
	}
	want := strings.NewReplacer(
		`slog.Info("asked")`, `slog.InfoContext(r.Context(), "asked")`,
		`context.Background()`, `context.WithoutCancel(r.Context())`,
		`http.NewRequest("GET"`, `http.NewRequestWithContext(ctx, "GET"`,
	).Replace(service)
	if got := read(t, dir, "service.go"); got != want {
		t.Errorf("after -fix the file is\n%s\nwant:\n%s", got, want)
	}
	if _, stderr, code := run(t, dir, "go", "build", "./..."); code != 0 {
		t.Errorf("after -fix the package does not build: %s", stderr)
	}
	reports(t, dir, []string{ctxless, detached}, clewvet, "./...") // these reports have no fix
}

func TestFixDiff(t *testing.T) {
	dir := module(t, map[string]string{"service.go": service})
	stdout, _, code := run(t, dir, clewvet, "-fix", "-diff", "./...")
	if line := `+	slog.InfoContext(r.Context(), "asked")`; !strings.Contains(stdout, line) || code == 0 {
		t.Errorf("-fix -diff exits with %d, and prints\n%s\nwant this line in the output\n%s", code, stdout, line)
	}
	if got := read(t, dir, "service.go"); got != service {
		t.Errorf("-fix -diff changed the file:\n%s", got)
	}
}

func TestBaseline(t *testing.T) {
	t.Parallel()
	dir := module(t, map[string]string{"service.go": service, "sub/service.go": service})
	if _, stderr, code := run(t, dir, clewvet, "-write-baseline", "old.txt", "./..."); code != 0 {
		t.Fatalf("-write-baseline exits with %d: %s", code, stderr)
	}
	old := read(t, dir, "old.txt")
	line := "logctx\texample.com/service\tHandle\t1\tslog.Info without the context at hand: use InfoContext(r.Context(), …)\n"
	if got := strings.Count(old, "\n"); got != 1+2*len(all) || !strings.Contains(old, line) {
		t.Errorf("the baseline has %d lines:\n%s", got, old)
	}
	with := []string{clewvet, "-baseline=old.txt", "./..."}
	reports(t, dir, nil, with...)
	reports(t, dir, nil, "go", "vet", "-vettool="+clewvet, "-baseline="+filepath.Join(dir, "old.txt"), "./...")

	write(t, dir, "service.go", strings.Replace(service, "func Handle", "// A comment.\n\nfunc Handle", 1))
	reports(t, dir, nil, with...)

	// The baseline lists this report once, so clewvet shows the second one.
	write(t, dir, "service.go", strings.Replace(service, "\tnote()\n", "\tnote()\n\tslog.Info(\"again\")\n", 1))
	reports(t, dir, []string{strings.Replace(logctx, "10", "13", 1)}, with...)

	// Only the baseline has changed.
	write(t, dir, "service.go", service)
	reports(t, dir, nil, with...)
	write(t, dir, "old.txt", strings.Replace(old, line, "", 1))
	reports(t, dir, []string{logctx}, with...)
	if _, stderr, code := run(t, dir, clewvet, "-baseline=old.txt", "-fix", "./..."); code != 0 {
		t.Errorf("-fix with a baseline exits with %d: %s", code, stderr)
	}
	want := strings.Replace(service, `slog.Info("asked")`, `slog.InfoContext(r.Context(), "asked")`, 1)
	if got := read(t, dir, "service.go"); got != want {
		t.Errorf("-fix with a baseline leaves:\n%s\nwant:\n%s", got, want)
	}

	for name, text := range map[string]string{"broken.txt": "logctx\tx\n", "count.txt": strings.Replace(old, "\t1\t", "\tone\t", 1)} {
		write(t, dir, name, text)
		if _, stderr, code := run(t, dir, clewvet, "-baseline="+name, "./..."); code == 0 || !strings.Contains(stderr, name+":2:") && !strings.Contains(stderr, name+":1:") {
			t.Errorf("-baseline=%s exits with %d: %s", name, code, stderr)
		}
	}
	if _, _, code := run(t, dir, clewvet, "-baseline=nowhere.txt", "./..."); code == 0 {
		t.Error("clewvet accepts a baseline that does not exist")
	}
}

func TestSuppression(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		"\tslog.Info(\"asked\") //clewvet:ignore why": all[1:],
		"\tslog.Info(\"asked\") //nolint:clewvet":     all[1:],
		"\tslog.Info(\"asked\") //clewvet:ignore":     append([]string{"service.go:10:21: //clewvet:ignore without a reason: say why"}, all...),
	}
	for _, comment := range slices.Sorted(maps.Keys(tests)) {
		t.Run(comment, func(t *testing.T) {
			dir := module(t, map[string]string{"service.go": strings.Replace(service, "\tslog.Info(\"asked\")", comment, 1)})
			reports(t, dir, tests[comment], clewvet, ".")
		})
	}
}
