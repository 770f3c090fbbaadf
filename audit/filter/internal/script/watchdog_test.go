package script_test

import (
	"runtime"
	"slices"
	"testing"
	"time"

	"example.com/clew/audit/audittest"
	"example.com/clew/audit/filter/internal/script"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stuck lists calls of native functions that do not return.
var stuck = []struct{ name, call string }{
	{"indexOf", `[].indexOf.call({length: 2**53-1}, 1) < 0`},
	{"lastIndexOf", `[].lastIndexOf.call({length: 2**53-1}, 1) < 0`},
	{"includes", `[].includes.call({length: 2**53-1}, 1) < 0`},
	{"join", `[].join.call({length: 2**53-1}).length < 0`},
	{"caught", `(() => { try { return [].indexOf.call({length: 2**53-1}, 1) < 0 } catch (e) { return true } finally { return true } })()`},
}

const stuckReason = "a function of the engine did not return within 0.2 s of processor time"

// The watchdog ends a native function that does not return, and its script is switched off.
func TestWatchdog(t *testing.T) {
	for _, tt := range stuck {
		t.Run(tt.name, func(t *testing.T) {
			s, err := script.Hasty("test", body("return "+tt.call), 1)
			require.NoError(t, err)
			defer s.Close()
			passed, counts := judge(s, 10)
			require.NotNil(t, s.Off())
			assert.Equal(t, stuckReason, s.Off().Error())
			assert.False(t, passed)
			assert.Equal(t, [3]int{1, 0, 1}, [3]int{counts.Calls, counts.Passed, counts.Errors})
			_, counts = judge(s, 1)
			assert.Zero(t, counts, "a script that is off must not be called")
		})
	}
}

// The watchdog also ends a native function that is called while the globals are evaluated.
func TestWatchdogLoad(t *testing.T) {
	for _, tt := range stuck {
		t.Run(tt.name, func(t *testing.T) {
			s, err := script.Hasty("test", "var x = "+tt.call+"\n"+body("return true"), 1)
			require.EqualError(t, err, `filter "test": `+stuckReason)
			assert.Nil(t, s)
		})
	}
}

// When the watchdog ends one script, other scripts go on, and a script that is opened afterwards
// works.
func TestWatchdogNeighbours(t *testing.T) {
	neighbour := open(t, "var n = 0\n"+body("return ++n > 0 && event.app === 'media-api'"))
	for range 3 {
		done := make(chan struct{})
		go func() {
			defer close(done)
			s, err := script.Hasty("test", body("return "+stuck[0].call), 1)
			if assert.NoError(t, err) {
				judge(s, 1)
				s.Close()
			}
		}()
		for running := true; running; {
			select {
			case <-done:
				running = false
			default:
			}
			passed, counts := judge(neighbour, 100)
			require.True(t, passed)
			require.Zero(t, counts.Errors)
		}
	}
	passed, _ := judge(open(t, body("return true")), 1)
	assert.True(t, passed)
}

// Many short calls in one batch use more processor time than the watchdog's limit. The script
// stays on, because the limit is for a single call.
func TestWatchdogManyCalls(t *testing.T) {
	// A Hasty script would go off if the machine stopped for some milliseconds within a call.
	s, err := script.Brisk("test", body("for (var i = 0; i < 100; i++); return true"), 1)
	require.NoError(t, err)
	defer s.Close()
	var spent time.Duration
	for size := 20_000; spent < 2*script.BriskLimit; size *= 2 {
		batch := slices.Repeat(audittest.Candidates(sample), size)
		spent = s.Judge(batch, make([]bool, size)).Time
		require.Nil(t, s.Off())
	}
}

// The memory can become inaccessible at any moment, while code of the engine or of the bridge
// runs. The script is then switched off, and nothing else happens.
func TestWatchdogAnywhere(t *testing.T) {
	for i := range 40 {
		s := open(t, body(`event.context.keys(); Object.keys(event.context); return event.context.get("client_id") + event.message !== "x".repeat(100)`))
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range i % 8 {
				runtime.Gosched()
			}
			s.Bite()
		}()
		for s.Off() == nil {
			judge(s, 10)
		}
		<-done
		assert.Contains(t, s.Off().Error(), "a function of the engine did not return")
		s.Close()
	}
}
