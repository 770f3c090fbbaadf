package tracetest

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"runtime"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing"

	"example.com/clew/internal/callsite"
	"example.com/clew/internal/guard"
	"example.com/clew/internal/proflabel"
)

// Guard watches until the test ends, and fails it for each place that lost the trace: where a log line
// through logctx's hook or slog handler, or a request through httpclient, had no trace in its context
// although its goroutine descends from one that works for a traced request. The failure names the
// function, file and line, once with a count.
//
// A goroutine is known by a profiler label that httpmw.New and the functions of workerpool set while a
// guard is on, and that Go hands on to each goroutine that is started there. What a start-up or a
// background loop logs is not reported. ignore lists functions that owe no trace although they run in
// such goroutines, by the beginning of their full names: "example.com/shop/metrics.".
//
// It does not see:
//   - goroutines that a pool other than workerpool's keeps and uses again. They descend from whoever
//     started them: not from the request whose task they run, but for ever from the one that happened
//     to be first, and belong into ignore then;
//   - work under labels of your own that were put into a context which is not the request's: pprof.Do
//     takes ours off;
//   - lines below their logger's level, lines of loggers without our hook, requests of clients without
//     our transport, and what happens after the test has ended.
//
// One guard at a time, in tests that are not parallel, as with t.Setenv: it sets GODEBUG's
// tracebacklabels to 1 for the test.
func Guard(t testing.TB, ignore ...string) {
	t.Helper()
	w := &watch{ignore: ignore, lost: map[place]int{}}
	g := &guard.Guard{Traced: traced, Handed: handed, Lost: w.see}
	if !guard.Set(g, nil) {
		t.Fatal("tracetest: Guard: another guard is on")
		return
	}
	debug := "tracebacklabels=1"
	if set := os.Getenv("GODEBUG"); set != "" {
		debug = set + "," + debug
	}
	t.Setenv("GODEBUG", debug)
	unwant := proflabel.Want()
	t.Cleanup(func() {
		t.Helper()
		unwant()
		guard.Set(nil, g)
		for _, said := range w.report() {
			t.Error(said)
		}
	})
}

// The label says nothing but that there is a trace: no ID is ever taken from it, since a goroutine that
// is used again may have that of another request.
const (
	labelKey   = "clew"
	labelValue = "traced"
)

func traced(ctx context.Context) context.Context {
	return pprof.WithLabels(ctx, pprof.Labels(labelKey, labelValue))
}

func handed(ctx context.Context) context.Context {
	if _, marked := pprof.Label(ctx, labelKey); !marked && descends() {
		return traced(ctx)
	}
	return ctx
}

// descends reports whether this goroutine has the label. Only its traceback tells.
func descends() bool {
	var buf [4096]byte // the first line is what counts
	stack := string(buf[:runtime.Stack(buf[:], false)])
	header, _, _ := strings.Cut(stack, "\n")
	return strings.Contains(header, fmt.Sprintf("%q: %q", labelKey, labelValue))
}

// watch is what a guard has seen.
type watch struct {
	ignore []string

	mu   sync.Mutex
	lost map[place]int
}

type place struct {
	function, file string
	line           int
	what           string
}

func (w *watch) see(what string, pc uintptr) {
	if !descends() {
		return
	}
	at := callsite.Of(pc)
	if slices.ContainsFunc(w.ignore, func(prefix string) bool { return strings.HasPrefix(at.Function, prefix) }) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lost[place{at.Function, at.File, at.Line, what}]++
}

func (w *watch) report() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	places := slices.SortedFunc(maps.Keys(w.lost), func(a, b place) int {
		return cmp.Or(cmp.Compare(a.file, b.file), cmp.Compare(a.line, b.line), cmp.Compare(a.what, b.what))
	})
	var all []string
	for _, p := range places {
		times := "once"
		if n := w.lost[p]; n > 1 {
			times = fmt.Sprintf("%d times", n)
		}
		all = append(all, fmt.Sprintf("lost the trace: %s, %s:%d: %s without a trace, %s", p.function, p.file, p.line, p.what, times))
	}
	return all
}
