package script_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/audittest"
	"example.com/clew/audit/filter/internal/script"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// sample is an event with unusual texts: NUL bytes, invalid UTF-8, and names that have a meaning
// in JavaScript.
var sample = audit.Event{
	Time:    time.UnixMicro(1234567890123456),
	App:     "media-api",
	Message: "got\x00it",
	TraceID: "463ac35c9f6413ad48485a3953bb6124",
	Context: map[string]string{"client_id": "3136", "get": "the key", "é\x00": "ü€😀", "": "no key", "7": "seven", "__proto__": "p", "bad": "\xff\xc3"},
}

// open returns a script that is closed when the test ends.
func open(t testing.TB, source string) *script.Script {
	t.Helper()
	s, err := script.Patient("test", source, 1)
	require.NoError(t, err)
	t.Cleanup(s.Close)
	return s
}

// body returns the source of a filter with the given body. The body begins on line 2.
func body(text string) string { return "function filter(event) {\n" + text + "\n}" }

// judge lets a script judge the event sample, in batches of 10. The argument calls says how many
// times. The result passed is the last answer.
func judge(s *script.Script, calls int) (passed bool, counts script.Counts) {
	batch := make([]audit.Event, 10)
	for i := range batch {
		batch[i] = sample
	}
	candidates := audittest.Candidates(batch...)
	pass := make([]bool, len(batch))
	for calls > 0 {
		n := min(calls, len(batch))
		for i := range pass {
			pass[i] = true // Judge must overwrite this
		}
		c := s.Judge(candidates[:n], pass[:n])
		passed = pass[n-1]
		counts.Calls += c.Calls
		counts.Passed += c.Passed
		counts.Errors += c.Errors
		counts.Time += c.Time
		if c.Last != nil {
			counts.Last = c.Last
		}
		calls -= n
	}
	return passed, counts
}

func TestRead(t *testing.T) {
	tests := []struct{ name, is string }{
		{"get", `event.context.get("client_id") === "3136"`},
		{"get, absent", `event.context.get("nobody") === null`},
		{"get, without a key", `event.context.get() === null`},
		{"get, a number", `event.context.get(7) === "seven"`},
		{"get, an empty key", `event.context.get("") === "no key"`},
		{"get, a key named get", `event.context.get("get") === "the key"`},
		{"get, a key that is not ASCII", `event.context.get("é\0") === "ü€😀"`},
		{"get, half of a character", `event.context.get("\ud800") === null`},
		{"get, on the context as a value", `(0, event.context).get("__proto__") === "p"`},
		{"invalid UTF-8", `/^\ufffd+$/.test(event.context.get("bad"))`},
		{"property", `event.context.client_id === "3136"`},
		{"property, absent", `event.context.nobody === undefined`},
		{"property, of Object.prototype", `event.context.toString === undefined && event.toString === undefined`},
		{"property, a number", `event.context[7] === "seven"`},
		{"property, a name that has a meaning in JavaScript", `event.context.__proto__ === "p"`},
		{"property, a symbol", `event.context[Symbol.iterator] === undefined`},
		{"has", `event.context.has("get") && !event.context.has("nobody")`},
		{"in", `"get" in event.context && !("nobody" in event.context) && "app" in event`},
		{"keys", `event.context.keys().sort().join() === ",7,__proto__,bad,client_id,get,é\0"`},
		{"names", `Object.keys(event.context).length === 6 && Object.keys(event).join() === "context,app,message,traceId,timestamp"`},
		{"names leave out a key named get", `!Object.keys(event.context).includes("get") && !Object.hasOwn(Object.fromEntries(Object.entries({...event.context})), "get") &&
			!Object.hasOwn(JSON.parse(JSON.stringify(event.context)), "get") && (() => { for (var k in event.context) if (k === "get") return false; return true })() &&
			event.context.keys().includes("get") && typeof event.context.get === "function"`},
		{"app", `event.app === "media-api"`},
		{"message", `event.message === "got\0it" && event.message.length === 6`},
		{"traceId", `event.traceId === "463ac35c9f6413ad48485a3953bb6124"`},
		{"timestamp", `event.timestamp === 1234567890123 && new Date(event.timestamp).getUTCFullYear() === 2009`},
		{"nothing else", `event.level === undefined && event[Symbol.toPrimitive] === undefined`},
		{"JSON", `JSON.parse(JSON.stringify(event)).context.client_id === "3136"`},
		{"writes have no effect", `(event.context.client_id = "1", event.context.x = 1, event.app = "a", event.y = 1, delete event.app,
			event.context.client_id === "3136" && event.context.x === undefined && event.app === "media-api" && event.y === undefined)`},
		{"hoisted Set", `allowed.has(event.context.get("client_id"))`},
		{"eval", `eval("event.app") === "media-api"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, "const allowed = new Set([\"3136\"])\n"+body("return "+tt.is))
			passed, counts := judge(s, 1)
			assert.Nil(t, counts.Last)
			assert.True(t, passed, tt.is)
			assert.Equal(t, [3]int{1, 1, 0}, [3]int{counts.Calls, counts.Passed, counts.Errors})
		})
	}
}

func TestAnswer(t *testing.T) {
	const java = "; a filter has no Java: write new Set() for new java.util.HashSet(), add(x) and has(x), and new Map() for a HashMap"
	const host = "; a filter has nothing but its event and the language's own objects"
	const async = "filter returned a promise (a filter must not be async), and not true or false"
	tests := []struct {
		name, body, err string
	}{
		{"true", "return true", ""},
		{"false", "return false", ""},
		{"nothing", "", "filter returned undefined, and not true or false"},
		{"null", "return null", "filter returned null, and not true or false"},
		{"1", "return 1", "filter returned 1, and not true or false"},
		{"0.5", "return 0.5", "filter returned 0.5, and not true or false"},
		{"NaN", "return NaN", "filter returned NaN, and not true or false"},
		{"text", `return "true\x1b[31m"`, `filter returned the text "true\x1b[31m", and not true or false`},
		{"BigInt", "return 1n", "filter returned a BigInt, and not true or false"},
		{"symbol", "return Symbol()", "filter returned a symbol, and not true or false"},
		{"object", "return {toString() { throw 1 }}", "filter returned an object, and not true or false"},
		{"Boolean", "return new Boolean(true)", "filter returned an object, and not true or false"},
		{"function", "return filter", "filter returned a function, and not true or false"},
		{"promise", "return Promise.resolve(true)", async},
		{"async", "return (async () => true)()", async},
		{"import", `return import("std")`, async},
		{"a promise with a pending job", "Promise.resolve().then(() => 1); return true", "it uses a promise, and a filter must not be async"},
		{"throws", `null.x`, "line 2: TypeError: cannot read property 'x' of null"},
		{"throws in line 4", "\n\nnull.x", "line 4: TypeError: cannot read property 'x' of null"},
		{"throws hostile bytes", `throw new Error("a\n\x1b[31m\u202e")`, "line 2: Error: a\ufffd\ufffd[31m\ufffd"},
		{"throws half of a character", `throw new Error("\ud800")`, "line 2: Error: \ufffd\ufffd\ufffd"},
		{"throws a text", `throw "x"`, `it threw the text "x"`},
		{"throws an object", `throw {get message() { for (;;); }}`, "it threw an object"},
		{"throws a proxy", `throw new Proxy(new Error("x"), {})`, "it threw an object"},
		{"an error whose name throws", `throw Object.defineProperty(new Error("x"), "name", {get() { throw 1 }})`, "line 2: : x"},
		{"a stack that the script has written", `var e = new Error("x"); e.stack = "<filter>:99999999999999999999999"; throw e`, "Error: x"},
		{"a stack with a line after the last one", `var e = new Error("x"); e.stack = "<filter>:4"; throw e`, "Error: x"},
		{"a stack with line 0", `var e = new Error("x"); e.stack = "<filter>:0"; throw e`, "Error: x"},
		{"a stack with the last line", `var e = new Error("x"); e.stack = "<filter>:3"; throw e`, "line 3: Error: x"},
		{"a key that throws", `event.context.get({toString() { throw new Error("key") }})`, "line 2: Error: key"},
		{"a key that is a symbol", `event.context.get(Symbol())`, "line 2: TypeError: cannot convert symbol to string"},
		{"recursion", "return filter(event)", "line 2: InternalError: stack overflow"},
		{"too much memory at once", `return "x".repeat(1e8)`, "line 2: it needs more than 32 MB of memory"},
		{"java", "return new java.util.HashSet()", "line 2: ReferenceError: 'java' is not defined" + java},
		{"Java", `return Java.type("x")`, "line 2: ReferenceError: 'Java' is not defined" + java},
		{"console", "console.log(1)", "line 2: ReferenceError: 'console' is not defined" + host},
		{"require", `require("fs")`, "line 2: ReferenceError: 'require' is not defined" + host},
		{"setTimeout", `setTimeout(filter, 1)`, "line 2: ReferenceError: 'setTimeout' is not defined" + host},
		{"waiting", "Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)", "line 2: TypeError: cannot block in this thread"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := open(t, body(tt.body))
			passed, counts := judge(s, 1)
			assert.Equal(t, tt.body == "return true", passed)
			assert.Nil(t, s.Off(), "one error does not switch the script off")
			if tt.err == "" {
				assert.Nil(t, counts.Last)
				assert.Zero(t, counts.Errors)
				return
			}
			require.NotNil(t, counts.Last)
			assert.Equal(t, tt.err, counts.Last.Error())
			assert.Equal(t, 1, counts.Errors)
		})
	}
}

func TestNew(t *testing.T) {
	tests := []struct {
		name, source, err string
	}{
		{"empty", "", "it has no function filter(event)"},
		{"no function", "var filter = 1", "it has no function filter(event)"},
		{"another function", "function filtre(event) { return true }", "it has no function filter(event)"},
		{"a syntax error", "function filter(event) {\n return (\n}", "line 43: SyntaxError: unexpected token in expression: '}'"},
		{"a module", `import std from "std"`, "line 41: SyntaxError"},
		{"Java in a global", "\nvar allowed = new java.util.HashSet()", "write new Set() for new java.util.HashSet()"},
		{"a loop in a global", "for (;;);", "line 41: it was stopped after 250ms of processor time"},
		{"memory in a global", "var a = []; for (;;) a = [a, new ArrayBuffer(1e5)]", "it needs more than 32 MB of memory"},
		{"a promise in a global", "Promise.resolve().then(() => 1); " + body("return true"), "it uses a promise"},
		{"invalid UTF-8", "// \xff\n" + body("return true"), "the script is not valid UTF-8"},
		{"NUL", "// \x00\n" + body("return true"), "the script has a NUL byte"},
		{"too long", body("return true") + strings.Repeat(" ", script.MaxSource), "the script has 1048614 bytes; the limit is 1048576"},
		{"nested parentheses", strings.Repeat("(", 20_000), "SyntaxError: stack overflow"},
		{"nested objects", "x=" + strings.Repeat("{a:", 20_000), "SyntaxError: stack overflow"},
		{"nested statements", strings.Repeat("if(1)", 20_000), "SyntaxError: stack overflow"},
		{"a chain of operators", strings.Repeat("a**", 20_000), "SyntaxError: stack overflow"},
		{"nested templates", strings.Repeat("`${", 20_000), "SyntaxError: stack overflow"},
		{"a nested regular expression", "/" + strings.Repeat("(?:", 20_000) + "/", "SyntaxError"},
		{"nested JSON", `JSON.parse("[".repeat(1e6))`, "SyntaxError: stack overflow"},
		{"nested arrays", "var a = []; for (var i = 0; i < 5000; i++) a = [a]; String(a)", "InternalError: stack overflow"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			load := script.Patient
			if strings.Contains(tt.err, "stopped") {
				load = script.New
			}
			s, err := load("test", tt.source, 41)
			require.Error(t, err)
			assert.Nil(t, s)
			assert.Contains(t, err.Error(), `filter "test": `)
			assert.Contains(t, err.Error(), tt.err)
		})
	}
	t.Run("of the maximum length", func(t *testing.T) {
		source := body("return true")
		s := open(t, source+strings.Repeat(" ", script.MaxSource-len(source)))
		passed, _ := judge(s, 1)
		assert.True(t, passed)
	})
	for _, source := range []string{"const filter = event => true", "let filter = function () { return true }", "var filter = (event) => { return true }"} {
		t.Run(source, func(t *testing.T) {
			passed, _ := judge(open(t, source), 1)
			assert.True(t, passed)
		})
	}
}

// A script that keeps an event gets an error when it reads the event in a later call. It never
// reads the data of another event.
func TestKeptEvent(t *testing.T) {
	for _, kept := range []string{"event", "event.context", "() => event", "event.context.get.bind(event.context)"} {
		t.Run(kept, func(t *testing.T) {
			s := open(t, "var kept\n"+body(fmt.Sprintf(`
				if (kept === undefined) { kept = %s; return true }
				var k = kept
				if (typeof k === "function") k = k("client_id")
				return String(k.app || k.client_id) === ""`, kept)))
			passed, counts := judge(s, 1)
			assert.True(t, passed)
			assert.Nil(t, counts.Last)
			_, counts = judge(s, 1)
			require.NotNil(t, counts.Last)
			assert.Contains(t, counts.Last.Error(), "keep its values, and not the event")
		})
	}
}

// A script that changes its own globals does not affect another script, and still reads its later
// events correctly.
func TestPollution(t *testing.T) {
	hostile := open(t, body(`
		Object.prototype.client_id = "1"
		Object.prototype.get = () => "1"
		Object.defineProperty(Object.prototype, "context", {configurable: true, get() { throw 1 }})
		Set.prototype.has = Function.prototype.call = null
		globalThis.Map = globalThis.undefined = null
		globalThis.seen = (globalThis.seen || 0) + 1
		return event.context.get("client_id") === "3136" && event.context.nobody === undefined`))
	other := open(t, body(`return typeof seen === "undefined" && ({}).client_id === undefined && new Set([1]).has(1)`))
	for range 3 {
		passed, counts := judge(hostile, 10)
		assert.Nil(t, counts.Last)
		assert.True(t, passed)
		passed, counts = judge(other, 10)
		assert.Nil(t, counts.Last)
		assert.True(t, passed)
	}
}

func TestClose(t *testing.T) {
	s, err := script.New("test", body("return true"), 1)
	require.NoError(t, err)
	assert.Positive(t, s.Memory())
	s.Close()
	s.Close()
	passed, counts := judge(s, 10)
	assert.False(t, passed)
	assert.Zero(t, counts)
}

// If a key was logged twice, a script reads the last value, and the key is listed once.
func TestKeyTwice(t *testing.T) {
	s := open(t, body(`return event.context.get("k") === "2" && event.context.k === "2" &&
		event.context.keys().join() === "k,l" && Object.keys(event.context).join() === "k,l"`))
	var counts script.Counts
	logger, err := audit.Open(audit.Config{Dir: t.TempDir(), App: "test", Filter: func(batch []audit.Candidate) {
		counts = s.Judge(batch, make([]bool, len(batch)))
	}})
	require.NoError(t, err)
	logger.Log(t.Context(), "message", slog.String("k", "1"), slog.String("l", "1"), slog.String("k", "2"))
	require.NoError(t, logger.Close(t.Context()))
	assert.Nil(t, counts.Last)
	assert.Equal(t, 1, counts.Passed)
}
