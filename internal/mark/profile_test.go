//go:build !js

package mark_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"runtime/pprof"
	"sync"
	"testing"

	"example.com/clew/internal/torture"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const (
	paths      = 20
	allNumbers = 4096
)

// allocate allocates memory, from a separate call site for each path.
func allocate(path int) *[64]byte {
	switch path {
	case 0:
		return growHeap()
	case 1:
		return growHeap()
	case 2:
		return growHeap()
	case 3:
		return growHeap()
	case 4:
		return growHeap()
	case 5:
		return growHeap()
	case 6:
		return growHeap()
	case 7:
		return growHeap()
	case 8:
		return growHeap()
	case 9:
		return growHeap()
	case 10:
		return growHeap()
	case 11:
		return growHeap()
	case 12:
		return growHeap()
	case 13:
		return growHeap()
	case 14:
		return growHeap()
	case 15:
		return growHeap()
	case 16:
		return growHeap()
	case 17:
		return growHeap()
	case 18:
		return growHeap()
	}
	return growHeap()
}

//go:noinline
func growHeap() *[64]byte { return new([64]byte) }

// profiled are the sizes of a process's profiles.
type profiled struct {
	Records   int // records of the heap profile
	Bytes     int // bytes that the runtime keeps for these records, for good
	Heap      int // bytes of the heap profile
	Taking    int // bytes that are allocated to take the heap profile
	Dump      int // bytes of the goroutine profile
	Text      int // bytes of the goroutine profile as text
	SecondRun int // records that a second run added
}

// child is an environment variable. It holds the arguments of measure for a child process.
const child = "CLEW_MARK_PROFILES"

// measure runs n goroutines at once, each through all paths, and returns the sizes of the
// profiles.
func measure(marked bool, n int) (p profiled) {
	all := func(look func()) {
		var up, down sync.WaitGroup
		release := make(chan struct{})
		up.Add(n)
		for i := range n {
			down.Go(func() {
				f := func() {
					for path := range paths {
						kept := allocate(path)
						runtime.KeepAlive(kept)
					}
					up.Done()
					<-release
				}
				if marked {
					run(i, f)
				} else {
					bare(f)
				}
			})
		}
		up.Wait()
		look()
		close(release)
		down.Wait()
	}
	size := func(name string, debug int) int {
		var b bytes.Buffer
		if err := pprof.Lookup(name).WriteTo(&b, debug); err != nil {
			panic(err)
		}
		return b.Len()
	}
	records := func() int {
		torture.Heap() // the profile has the state of the last collection but one
		n, _ := runtime.MemProfile(nil, true)
		return n
	}
	all(func() { p.Dump, p.Text = size("goroutine", 0), size("goroutine", 1) })
	p.Records = records()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	p.Bytes = int(m.BuckHashSys)
	before := m.TotalAlloc
	p.Heap = size("heap", 0)
	runtime.ReadMemStats(&m)
	p.Taking = int(m.TotalAlloc - before)
	first := records() // the records of the profiling itself are included
	all(func() {})
	p.SecondRun = records() - first
	return p
}

//go:noinline
func bare(f func()) { f() }

// Marks make stacks differ, and profiles keep every different stack. The heap profile keeps stacks
// for good. allNumbers limits the number of different stacks. Each measurement has its own
// process, with every allocation in its profile.
func TestTortureProfiles(t *testing.T) {
	if what := os.Getenv(child); what != "" {
		var marked bool
		var n int
		_, err := fmt.Sscanf(what, "%t %d", &marked, &n)
		require.NoError(t, err)
		require.NoError(t, json.NewEncoder(os.Stderr).Encode(measure(marked, n)))
		return
	}
	for _, n := range []int{torture.Size(100, 1000), torture.Size(500, 10_000)} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			var off, on profiled
			for marked, p := range map[bool]*profiled{false: &off, true: &on} {
				cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTortureProfiles$", "-test.count=1")
				cmd.Env = append(os.Environ(), child+"="+fmt.Sprint(marked, n), "GODEBUG=memprofilerate=1", "CLEW_TORTURE=")
				var said bytes.Buffer
				cmd.Stderr = &said
				require.NoError(t, cmd.Run(), "%s", said.String())
				require.NoError(t, json.Unmarshal(said.Bytes(), p), "%s", said.String())
			}
			more := on.Records - off.Records
			marked := min(n, allNumbers)
			assert.Greater(t, more, marked*paths*9/10, "additional records: each mark has its own")
			assert.Less(t, more, marked*(paths+10), "additional records are limited") // the records of the goroutine itself are included
			assert.Less(t, on.SecondRun, marked, "records that a second run adds")
			assert.Less(t, (on.Bytes-off.Bytes)/more, 1000, "bytes per additional record")
			torture.Row(t, fmt.Sprintf("Goroutine's trace, profiles, %d in flight", n),
				"%d paths that allocate, every allocation sampled, marks off / on: heap profile records %d / %d, kept by the runtime %d / %d kB, heap profile %d / %d kB, and taking it allocates %d / %d kB; goroutine profile %d / %d kB, as text %d / %d kB; the same again adds %d / %d records",
				paths, off.Records, on.Records, off.Bytes>>10, on.Bytes>>10, off.Heap>>10, on.Heap>>10, off.Taking>>10, on.Taking>>10, off.Dump>>10, on.Dump>>10, off.Text>>10, on.Text>>10, off.SecondRun, on.SecondRun)
		})
	}
}
