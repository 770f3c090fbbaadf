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
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"example.com/clew/internal/goroutine"
	"example.com/clew/trace"
)

// Guard watches until the test ends, and fails it for each place that lost the trace: where a log line
// through logctx's hook or slog handler, or a request through httpclient, had no trace although
// its goroutine descends from one that works for a traced request. The failure names the
// function, file and line, once with a count.
//
// The trace is that of the context, or else that of the goroutine. With httpmw's
// Config.Implicit, the handler's own lines and requests without a context lose nothing, and are
// not reported; those of the goroutines that it starts are. The first Implicit, or trace.Do, in
// a test binary makes it so for all tests after it, in workerpool's tasks too: test with the
// Config that the service has.
//
// A goroutine is known by a profiler label that httpmw.New, and the functions of workerpool with a
// context that has a trace, set while a guard is on, and that Go hands on to each goroutine that is
// started there. What start-up logs, and a background loop that start-up began, is not reported. ignore
// lists functions that owe no trace although they run in such goroutines, by the beginning of their full
// names: "example.com/shop/metrics."; for the ErrorLogs of the standard library too.
//
// It does not see, or sees wrongly:
//   - what time.AfterFunc and context.AfterFunc run: that descends from nobody, unless it is wrapped by
//     workerpool. clewvet finds it;
//   - goroutines that a request is the first to start and that live on: other people's pools, loops,
//     lazily made clients. They descend from that request for ever, and belong into ignore; a pool's
//     goroutine that was started before descends from none of those whose tasks it runs;
//   - where a trace begins otherwise, as by trace.Start or trace.Do in a consumer of messages, until
//     the work is handed to workerpool;
//   - a new trace under a lost one: a handler that is called without the request's context begins one;
//   - the rest of a handler after pprof.Do with a context that is not the request's, which takes our
//     label off;
//   - lines below their logger's level, lines of loggers without our hook, requests of clients without
//     our transport, and what happens after the test has ended.
//
// One guard at a time, in tests that are not parallel, as with t.Setenv: it sets GODEBUG's
// tracebacklabels to 1 for the test, which must not set GODEBUG after it.
func Guard(t testing.TB, ignore ...string) {
	t.Helper()
	w := &watch{ignore: ignore, label: fmt.Sprintf("clew-guard-%d-", guards.Add(1)), lost: map[place]int{}}
	g := &goroutine.Guard{Traced: w.traced, Handed: w.handed, Lost: w.see, Descends: w.descends}
	debug := "tracebacklabels=1"
	if set := os.Getenv("GODEBUG"); set != "" {
		debug = set + "," + debug
	}
	t.Setenv("GODEBUG", debug) // first: it panics in a parallel test
	if !goroutine.SetGuard(g, nil) {
		t.Fatal("tracetest: Guard: another guard is on")
		return
	}
	unwant := goroutine.WantLabels()
	t.Cleanup(func() {
		t.Helper()
		unwant()
		goroutine.SetGuard(nil, g)
		for _, said := range w.report() {
			t.Error(said)
		}
	})
}

// The label says nothing but that there is a trace, and under which guard: no ID is ever taken from it,
// since a goroutine that is used again may have that of another request. One that is left over from
// another test is not this one's.
const labelKey = "clew"

var guards atomic.Int64

func (w *watch) traced(ctx context.Context) context.Context {
	return pprof.WithLabels(ctx, pprof.Labels(labelKey, w.label))
}

func (w *watch) handed(ctx context.Context) context.Context {
	if mark, _ := pprof.Label(ctx, labelKey); mark != w.label && (trace.ID(ctx) != "" || w.descends()) {
		return w.traced(ctx)
	}
	return ctx
}

// descends reports whether this goroutine has the label.
func (w *watch) descends() bool { return strings.Contains(goroutine.Labels(), w.label) }

// stack returns this goroutine's traceback.
func stack() string {
	for size := 4096; ; size *= 4 {
		buf := make([]byte, size)
		if n := runtime.Stack(buf, false); n < size {
			return string(buf[:n])
		}
	}
}

// watch is what a guard has seen.
type watch struct {
	ignore []string
	label  string // the value of ours, of a form that nobody else uses

	mu   sync.Mutex
	lost map[place]int
}

type place struct {
	function, file string
	line           int
	what           string
}

func (w *watch) see(what string, find func() runtime.Frame) {
	if !w.descends() {
		return
	}
	at := find()
	if at.Function == "" { // go log.Print("…")
		at = creator()
	}
	if slices.ContainsFunc(w.ignore, func(prefix string) bool { return strings.HasPrefix(at.Function, prefix) }) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.lost[place{at.Function, at.File, at.Line, what}]++
}

// creator is the place of the go statement that started this goroutine: its traceback ends with
// "created by function in goroutine n\n\tfile:line +0x…".
func creator() (at runtime.Frame) {
	_, last, _ := strings.Cut(stack(), "\ncreated by ")
	function, where, _ := strings.Cut(last, "\n\t")
	at.Function, _, _ = strings.Cut(function, " in goroutine ")
	where, _, _ = strings.Cut(where, " +0x")
	at.File = where
	if i := strings.LastIndexByte(where, ':'); i >= 0 {
		at.File = where[:i]
		at.Line, _ = strconv.Atoi(where[i+1:])
	}
	return at
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
