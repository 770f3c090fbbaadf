package script_test

import (
	"testing"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/filter/internal/script"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// offTests are scripts that must be switched off.
var offTests = []struct {
	name, globals, body string
	calls               int // the maximum number of calls until the script is off
	reason              string
	load                func(name, source string, firstLine int) (*script.Script, error)
}{
	{"loops for ever", "", "for (;;);", 3, "line 2: 3 calls took more than 1ms of processor time each", script.Hasty},
	{"loops for ever, and catches", "", "try { for (;;); } catch (e) { return true } finally { return true }", 3, "3 calls took", script.Hasty},
	{"loops for ever in a getter of an error", "", `throw Object.defineProperty(new Error(), "message", {get() { for (;;); }})`, 3, "3 calls took", script.Hasty},
	{"loops for ever in sort", "", "return [1, 2, 3].sort(() => { for (;;); })", 3, "3 calls took", script.Hasty},
	{"loops for ever over an iterator", "", "var a = [1]; a[Symbol.iterator] = function* () { for (;;) yield 1 }; for (var x of a);", 3, "3 calls took", script.Hasty},
	{"loops over slow functions", "", `for (;;) "x".repeat(1e5)`, 3, "of processor time", script.Hasty},
	{"backtracks for ever", "", `return /^(a+)+$/.test("a".repeat(40) + "b")`, 3, "of processor time", script.Hasty},
	{"backtracks for ever in a split", "", `return "a".repeat(40).concat("b").split(/^(a+)+$/)`, 3, "of processor time", script.Hasty},
	{"overruns in a native function", "", "new Array(3e5).join(); return true", 1, "one call took", script.Unwatched},
	{"is slow at each call", "", "for (var i = 0; i < 20000; i++); return true", 60, "of processor time", script.Hasty},
	{"allocates for ever", "", "var a = []; for (;;) a.push(new ArrayBuffer(1e5))", 3, "it uses more than 32 MB of memory", script.Patient},
	{"allocates for ever, and catches", "", "try { var a = []; for (;;) a.push(new ArrayBuffer(1e5)) } catch (e) { return true }", 3, "it uses more than 32 MB of memory", script.Patient},
	{"lets an array grow for ever", "", "var b = new ArrayBuffer(31e6), a = []; for (;;) a.push(1)", 3, "it uses more than 32 MB of memory", script.Patient},
	{"allocates for ever, with the usual time limit", "", "var a = []; for (;;) a.push(new ArrayBuffer(1e5))", 3, "", script.New},
	{"keeps more and more", "var kept = []", "kept.push(new ArrayBuffer(1e5)); return true", 3000, "it uses more than 32 MB of memory", script.Patient},
	{"keeps more and more, and catches", "var kept = []", "try { kept.push(new ArrayBuffer(1e5)) } catch (e) {} return true", 3000, "it uses more than 32 MB of memory", script.Patient},
	{"recurses", "", "return filter(event)", 20, "20 of its last 20 calls failed, the last with: InternalError: stack overflow", script.Patient},
	{"throws at each call", "", "null.x", 20, "20 of its last 20 calls failed, the last with: TypeError", script.Patient},
	{"throws at every third call", "var n = 0", "if (++n % 3 == 0) null.x; return true", 60, "20 of its last 60 calls failed, the last with: TypeError", script.Patient},
	{"throws at every third call, after 10,000 good calls", "var n = 0", "if (++n > 10000 && n % 3 == 0) null.x; return true", 10200, "calls failed", script.Patient},
	{"throws at every tenth call", "var n = 0", "if (++n % 10 == 0) null.x; return true", 200, "20 of its last 200 calls failed", script.Patient},
}

// A harmful script is off after the given number of calls at most, however busy the machine is.
func TestOff(t *testing.T) {
	for _, tt := range offTests {
		t.Run(tt.name, func(t *testing.T) {
			s, err := tt.load("test", tt.globals+"\n"+body(tt.body), 1)
			require.NoError(t, err)
			defer s.Close()
			var counts script.Counts
			for calls := 0; s.Off() == nil; calls += counts.Calls {
				require.Less(t, calls, tt.calls)
				_, counts = judge(s, 1)
				assert.LessOrEqual(t, s.Memory(), script.MaxMemory)
			}
			assert.Contains(t, s.Off().Error(), tt.reason)
			passed, counts := judge(s, 10)
			assert.False(t, passed, "a script that is off must not be called")
			assert.Zero(t, counts)
		})
	}
}

// A script with rare errors stays on, however many calls it makes.
func TestOn(t *testing.T) {
	tests := []struct {
		name, globals, body string
		calls               int
		errors              int
	}{
		{"one error in 10,000", "var n = 0", "if (++n % 10000 == 0) null.x; return true", 50_000, 5},
		{"one error in 100", "var n = 0", "if (++n % 100 == 0) null.x; return true", 20_000, 200},
		{"one error in 30", "var n = 0", "if (++n % 30 == 0) null.x; return true", 30_000, 1000},
		{"one call without enough memory in 11,000", "var n = 0", `if (++n % 11000 == 0) "x".repeat(4e7); return true`, 44_000, 4},
		{"calls that leave garbage", "", "var a = {}; a.a = a; a.b = new ArrayBuffer(20000); return true", 5_000, 0},
		{"eval", "", "return eval('true')", 1000, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, tt.globals+"\n"+body(tt.body))
			_, counts := judge(s, tt.calls)
			assert.Nil(t, s.Off())
			assert.Equal(t, tt.errors, counts.Errors)
			assert.Equal(t, tt.calls-tt.errors, counts.Passed)
			assert.Positive(t, counts.Time)
			assert.LessOrEqual(t, s.Memory(), 2<<20)
		})
	}
}

// A call that takes long by the clock is not stopped. On a busy machine, a call can take long
// without using the processor.
func TestOffNotByTheClock(t *testing.T) {
	stopped, over := script.LateMeter()
	assert.False(t, stopped)
	assert.Zero(t, over)
}

// A batch ends at the call that switches the script off. No later event passes.
func TestOffWithinBatch(t *testing.T) {
	s, err := script.Hasty("test", "var n = 0\n"+body("if (++n > 4) for (;;); return true"), 1)
	require.NoError(t, err)
	defer s.Close()
	passed, counts := judge(s, 10)
	require.NotNil(t, s.Off())
	assert.False(t, passed)
	assert.Equal(t, [3]int{7, 4, 3}, [3]int{counts.Calls, counts.Passed, counts.Errors})
	assert.GreaterOrEqual(t, counts.Time, 3*time.Millisecond)
	assert.Equal(t, "it was stopped after 1ms of processor time", counts.Last.Reason)
}

// A panic within the engine switches the script off, and does not reach the caller.
func TestEngineFails(t *testing.T) {
	s := open(t, body("return event.app === 'media-api'"))
	pass := []bool{true}
	counts := s.Judge(make([]audit.Candidate, 1), pass) // a zero Candidate panics
	require.NotNil(t, s.Off())
	assert.Contains(t, s.Off().Error(), "the engine failed: ")
	assert.Equal(t, 1, counts.Errors)
	assert.Equal(t, []bool{false}, pass)
	passed, _ := judge(open(t, body("return event.app === 'media-api'")), 10)
	assert.True(t, passed, "another script must still work")
}
