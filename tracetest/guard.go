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

// Guard fails the test for each place in the code that loses the trace before the test ends. A
// place loses the trace if it writes a log line or sends a request without a trace, in a goroutine
// that works for a traced request, or in a descendant of such a goroutine. Guard sees lines
// through logctx's hook or slog handler, and requests through httpclient. The failure names the
// function, file and line, and how often the trace was lost there.
//
// A line or a request has the trace of its context, or else the trace of its goroutine. So with
// httpmw's Config.Implicit, Guard does not report the handler's own lines and requests without a
// context. It reports such lines and requests in goroutines that the handler starts. The first
// Implicit, or trace.Do, in a test binary turns implicit traces on for all later tests, in
// workerpool's tasks too. So test with the Config that the service uses.
//
// Guard marks goroutines with a profiler label. While a guard is on, httpmw.New sets the label,
// and so do the functions of workerpool if their context has a trace. Go copies the label to each
// goroutine that a labelled goroutine starts. Lines of start-up, and of background loops that
// start-up has begun, are not reported. The parameter ignore lists functions that need no trace in
// labelled goroutines, by the beginning of their full names: "example.com/shop/metrics.". The
// ErrorLogs of the standard library need an entry too.
//
// In these cases, Guard misses a loss, or reports a loss where there is none:
//   - Functions that time.AfterFunc and context.AfterFunc run. They have no parent goroutine,
//     unless workerpool wraps them. clewvet finds them.
//   - Goroutines that one request starts and that live on, such as other libraries' pools, loops
//     and lazily made clients. They descend from that request for ever, so list their functions in
//     ignore. A pool's goroutine that was started earlier descends from none of the requests whose
//     tasks it runs.
//   - Traces that begin in another way, for instance by trace.Start or trace.Do in a consumer of
//     messages, until the work is handed to workerpool.
//   - A new trace in place of a lost one. A handler that is called without the request's context
//     begins a new trace.
//   - The rest of a handler after a call of pprof.Do with a context that is not derived from the
//     request's. The call removes the label.
//   - Lines below their logger's level, lines of loggers without clew's hook, requests of clients
//     without clew's transport, and everything after the end of the test.
//
// Only one guard can be on at a time. As with t.Setenv, the test must not be parallel. Guard sets
// tracebacklabels=1 in GODEBUG for the test, and the test must not set GODEBUG afterwards.
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

// labelKey is the key of the label. Its value names the guard, but no trace, because a goroutine
// that is used again may still have the label of another request. A label left over from another
// test names another guard.
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

// watch keeps the losses that a guard has seen.
type watch struct {
	ignore []string
	label  string // the label's value, in a form that no other code uses

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

// creator returns the place of the go statement that started this goroutine. The traceback ends
// with "created by function in goroutine n\n\tfile:line +0x…".
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
