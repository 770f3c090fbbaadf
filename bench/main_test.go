package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Every variant does its job and can be timed.
func TestJobs(t *testing.T) {
	seen := map[string]bool{}
	for _, j := range allJobs() {
		assert.False(t, seen[j.String()], "two jobs have the name %s", j)
		seen[j.String()] = true
		results, err := measure(j, settings{rounds: 1, target: time.Microsecond})
		require.NoError(t, err)
		require.Len(t, results, len(j.variants), "%s: number of results", j)
		kinds := map[kind]int{}
		for _, r := range results {
			kinds[r.Kind]++
			assert.Positive(t, r.NS, "%s: %s: ns", j, r.Variant)
			assert.Positive(t, r.ToFloor, "%s: %s: ratio to the floor", j, r.Variant)
			assert.Positive(t, r.ToBaseline, "%s: %s: ratio to the baseline", j, r.Variant)
		}
		assert.Positive(t, kinds[ours], "%s: number of clew's variants", j)
	}
}

// The program does not time a variant that does not do its job. It fails, and names the variant.
func TestWrongVariantIsRefused(t *testing.T) {
	spanless := func() work {
		return serve(inputs[0], bareWay, seesOTel(true, true))
	}
	otherTrace := func() work {
		return serve(inputs[0], func(next http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				next.ServeHTTP(w, r.WithContext(&node{r.Context(), read(nil)}))
			})
		}, seesFloor)
	}
	idle := func() work {
		return serve(inputs[0], func(http.Handler) http.Handler { return http.NotFoundHandler() }, seesRequest)
	}
	silent := sendingWay{client: func(_ sending, base http.RoundTripper) http.RoundTripper { return base }, fresh: true}
	otherLine := func() work {
		return logging(otelCaller(), want{ids: true}, func(out io.Writer) func() {
			logger := zerolog.New(out)
			return func() { finish(logger.Info()) }
		})
	}
	losing := func() work {
		return poolWork(false, func() running {
			return running{
				func(_ context.Context, fn task) error { fn(context.Background()); return nil },
				func() error { return nil }, false,
			}
		})
	}
	twice := func() work {
		return poolWork(false, func() running {
			return running{
				func(ctx context.Context, fn task) error { fn(ctx); fn(ctx); return nil },
				func() error { return nil }, false,
			}
		})
	}
	for _, tt := range []struct {
		name  string
		setup func() work
		says  string
	}{
		{"the server makes no span", spanless, "trace ID is"},
		{"the handler is in another trace", otherTrace, "span is"},
		{"the handler does not run", idle, "did not run"},
		{"the client sends no headers", func() work { return send(sending{}, silent, nil) }, "trace ID is"},
		{"the line has no ID", otherLine, "trace ID is"},
		{"the task has another context", losing, "wrong context"},
		{"a task runs twice", twice, "panic"},
		{"the check panics", func() work { return work{op: func(int) {}, check: func() error { panic("broken") }} }, "broken"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			timed := 0
			right := func() work { return work{op: func(int) { timed++ }, check: func() error { return nil }} }
			j := job{name: "job", variants: []variant{{"right", baseline, right}, {"wrong one", peer, tt.setup}}}
			var out bytes.Buffer
			err := run(nil, &out, []job{j}, uncounted)
			require.ErrorContains(t, err, "wrong one does not do the job")
			assert.ErrorContains(t, err, tt.says)
			assert.Zero(t, timed, "number of timed runs of the right variant")
			assert.NotContains(t, out.String(), "###", "the output has no table")
		})
	}
}

// The program also fails if a variant no longer does its job after it was timed.
func TestLateFailureIsRefused(t *testing.T) {
	ran := false
	w := work{op: func(int) { ran = true }, check: func() error {
		if ran {
			return errors.New("worn out")
		}
		return nil
	}}
	_, err := measure(job{name: "job", variants: []variant{{"it", peer, func() work { return w }}}}, settings{1, time.Microsecond})
	assert.ErrorContains(t, err, "worn out")
}

var garbage any

// measure counts allocations exactly, and measures time.
func TestMeasure(t *testing.T) {
	nothing := func() error { return nil }
	results, err := measure(job{name: "job", variants: []variant{
		{"two allocations", baseline, func() work {
			return work{check: nothing, op: func(n int) {
				for range n {
					garbage = new([16]byte)
					garbage = new([16]byte)
				}
			}}
		}},
		{"sleep", peer, func() work {
			return work{check: nothing, unit: 3, op: func(n int) { assert.Zero(t, n%3, "n modulo the unit"); time.Sleep(time.Duration(n) * time.Microsecond) }}
		}},
	}}, settings{3, 5 * time.Millisecond})
	require.NoError(t, err)
	assert.Equal(t, 2.0, results[0].Allocs, "allocations of the variant with two allocations")
	assert.Equal(t, 32.0, results[0].Bytes, "bytes of the variant with two allocations")
	assert.GreaterOrEqual(t, results[1].NS, 1000.0, "ns of a sleep of a microsecond")
	assert.Zero(t, results[1].Allocs, "allocations of the variant that sleeps")
	assert.InEpsilon(t, results[1].NS/results[0].NS, results[1].ToBaseline, 1e-9, "ratio to the baseline")
}

func uncounted() (count, string, error) { return nil, "", errors.New("there is no counter") }

// The instructions of a variant do not include the start of the program. The ratios compare a
// variant with the first floor and with the first baseline.
func TestInstructions(t *testing.T) {
	idle := func() work {
		return work{op: func(int) { time.Sleep(time.Millisecond) }, check: func() error { return nil }}
	}
	jobs := []job{{name: "job", variants: []variant{{"plain", baseline, idle}, {"least", floor, idle}, {"it", ours, idle}}}}
	perRun := map[string]float64{"job|plain": 100, "job|least": 200, "job|it": 300}
	counted := func(_ string, args ...string) (float64, error) {
		require.Equal(t, []string{"-one", args[1], "-n", args[3]}, args, "arguments of the counted program")
		n, err := strconv.Atoi(args[3])
		require.NoError(t, err)
		return 1e6 + float64(n)*perRun[args[1]], nil
	}
	var out bytes.Buffer
	require.NoError(t, run(nil, &out, jobs, func() (count, string, error) { return counted, "fake", nil }))
	assert.Contains(t, out.String(), "as fake counts them")
	assert.Regexp(t, `(?m)^\| \*\*it\*\* .*\| 300 \| 1.50 \| 3.00 \|$`, out.String())

	out.Reset()
	require.NoError(t, run(nil, &out, jobs, uncounted))
	assert.Contains(t, out.String(), "there is no counter")
	assert.NotContains(t, out.String(), "instructions |")

	fails := func(string, ...string) (float64, error) { return 0, errors.New("it broke") }
	err := run(nil, &out, jobs, func() (count, string, error) { return fails, "fake", nil })
	assert.ErrorContains(t, err, "job: plain: it broke")
}

func TestRun(t *testing.T) {
	nothing := variant{"nothing", baseline, func() work {
		return work{op: func(int) { time.Sleep(time.Millisecond) }, check: func() error { return nil }}
	}}
	jobs := []job{{name: "one", variants: []variant{nothing}}, {name: "two", point: "1", variants: []variant{nothing}}, {name: "two", point: "2", variants: []variant{nothing}}}

	var out bytes.Buffer
	require.NoError(t, run([]string{"-run", "^two"}, &out, jobs, uncounted))
	assert.NotContains(t, out.String(), "### one")
	assert.Equal(t, 1, strings.Count(out.String(), "### two"), "number of tables for a curve")

	out.Reset()
	require.NoError(t, run([]string{"-json"}, &out, jobs, uncounted))
	var results []result
	require.NoError(t, json.Unmarshal(out.Bytes(), &results), out.String())
	assert.Len(t, results, 3, "number of results")

	assert.ErrorContains(t, run([]string{"-run", "none"}, &out, jobs, uncounted), "no job matches")
	assert.ErrorContains(t, run([]string{"-run", "("}, &out, jobs, uncounted), "missing closing")
	require.NoError(t, run([]string{"-one", "one|nothing", "-n", "1"}, &out, jobs, uncounted))
	profile := filepath.Join(t.TempDir(), "cpu.prof")
	require.NoError(t, run([]string{"-one", "one|nothing", "-n", "1", "-cpuprofile", profile}, &out, jobs, uncounted))
	assert.FileExists(t, profile)
	assert.ErrorContains(t, run([]string{"-one", "one|other", "-n", "1"}, &out, jobs, uncounted), "no variant")
}

func TestCounters(t *testing.T) {
	const perf, valgrind = 0, 1
	for _, tt := range []struct {
		counter int
		said    string
		want    float64
		err     string
	}{
		{perf, "1234567,,instructions:u,1000,100.00,,\n", 1234567, ""},
		{perf, "a line\n42,,instructions:u,1000,100.00,0.5,insn per cycle\n", 42, ""},
		{perf, "<not supported>,,instructions:u,0,100.00,,\n", 0, "<not supported>"},
		{perf, "", 0, "nothing"},
		{valgrind, "==7== Command: true\n==7== \n==7== I   refs:        419,338,474\n", 419338474, ""},
		{valgrind, "==7== I refs:      42", 42, ""},
		{valgrind, "==7== I refs:      ?\n", 0, "?"},
		{valgrind, "==7== Command: true\n", 0, "nothing"},
	} {
		got, err := counters[tt.counter].read(tt.said)
		if tt.err != "" {
			assert.ErrorContains(t, err, tt.err, fmt.Sprintf("reading %q", tt.said))
			continue
		}
		assert.NoError(t, err)
		assert.Equal(t, tt.want, got, "reading %q", tt.said)
	}
}
