package script_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/clew/audit"
	"example.com/clew/audit/audittest"
	"example.com/clew/audit/filter/internal/script"
	"github.com/stretchr/testify/assert"
)

// hoistTests are bodies of filters. K stands for the expression that reads the key k of the event.
// The field hoisted says whether hoist should move the object literal in the body out of the
// function.
var hoistTests = []struct {
	name, body string
	hoisted    bool
}{
	{"=== true", `var allowed = {"1": true, "2": false}; return allowed[K] === true`, true},
	{"without a semicolon", "var allowed = {\n\t\"1\": true,\n\t\"2\": true,\n}\nreturn allowed[K] === true\n", true},
	{"a regular expression before the table", `if (!/[/"]{/.test(K)) { const t = {a: 1, 'b': -2, 3: null}; return t[K] === 1 } return false`, true},
	{"comments", "var allowed = { // \" {\n\"1\": true /* } */ }; // '\nreturn !allowed[K]", true},
	{"if", `let allowed = {"1": 1}; if (allowed[K]) { return true } return false`, true},
	{"if with more conditions", `let allowed = {"1": 1}; if (K && allowed[K] && allowed.x !== 2) { return true } return false`, true},
	{"in", `const allowed = {"1": 0}; return K in allowed`, true},
	{"for in", `const allowed = {"1": 0}; for (var k in allowed) { if (k === K) return true } return false`, true},
	{"a property of that name", `const allowed = {"1": true}; return allowed[K] === true && K.allowed === undefined`, true},
	{"two tables", `const a = {"1": true}; const b = {"2": true}; return a[K] === true || b[K] === true`, true},
	{"a table that an inner function reads", `const a = {"1": true}; function f() { return a[K] === true } return f()`, true},
	{"a table that is written", `var a = {"1": true}; if (a[K] === undefined) { a[K] = false; return true } return a[K]`, false},
	{"a table that is written in parentheses", `var a = {"1": true}; var r = a.x !== 1; (a.x) = 1; return r`, false},
	{"a table that is written in a loop's head", `var a = {"1": true}; var r = a.x !== "0"; for (a.x in [1]) { } return r`, false},
	{"a table that a pattern writes", `var a = {"1": true}; var r = a.x !== 1; [a.x] = [1]; return r`, false},
	{"a table that a pattern of an object writes", `var a = {"1": true}; var r = a.x !== 1; ({y: a.x} = {y: 1}); return r`, false},
	{"a value that is incremented", `var a = {"1": 0}; a[K]++; return a[K] === 1`, false},
	{"a value that a prefix operator increments", `var a = {"1": 0}; return ++a["1"] === 1`, false},
	{"a value that += changes", `var a = {"1": 0}; return (a["1"] += 1) === 1`, false},
	{"a key that is deleted", `var a = {"1": 0}; var r = "1" in a; delete a["1"]; return r`, false},
	{"a key that is deleted in parentheses", `var a = {"1": 0}; var r = "1" in a; delete (a["1"]); return r`, false},
	{"a key that is deleted in parentheses, before a block", "var t = {\"k\": 1, \"z\": 2}; if (\"k\" in t) { delete (t.k)\n{ } return true } return false", false},
	{"a value that a prefix operator increments, in parentheses, before a block", "var t = {\"k\": 1}; var r = t.k === 1; ++(t.k)\n{ } return r", false},
	{"while", `var t = {"1": true}; while (t[K]) { return true } return false`, true},
	{"a table that is kept in a global variable", `var a = {"1": true}; kept0 = a; var r = a[K] === true; return r`, false},
	{"a table that is compared with an earlier one", `var a = {"1": true}; var r = a !== kept0; kept0 = a; return r`, false},
	{"a call of a method that returns the table", `var a = {"1": true}; var b = a["valueOf"](); var r = b.x !== 1; b.x = 1; return r`, false},
	{"a call of a method on the next line", "var a = {\"1\": true}; var r = a.x !== 1; (!a[\"valueOf\"]\n().x); return r", false},
	{"a shorthand", `var a = {"1": true}; var o = {a}; var r = o.a.x !== 1; o.a.x = 1; return r`, false},
	{"a table that is spread", `var a = {"1": true}; return ({...a})[K] === true`, false},
	{"eval", `var a = {"1": true}; var r = a["x"] !== 1; eval("a.x = 1"); return r`, false},
	{"with", `var a = {"1": true}; var r = a["x"] !== 1; with (Math) { max } return r`, false},
	{"__proto__", `var a = {__proto__: null}; return a[K] === true`, false},
	{"an escaped key", `var a = {"\x5f_proto__": null}; return a[K] === undefined`, false},
	{"a table with a variable", `var a = {"1": K}; return a["1"] === K`, false},
	{"a table with a call", `var a = {"1": Math.random()}; return a["1"] < 1`, false},
	{"a computed key", `var a = {[K]: true}; return a[K] === true`, false},
	{"a table with an object", `var a = {"1": {}}; var r = a["1"].x !== 1; a["1"].x = 1; return r`, false},
	{"a table with a function", `var a = {b() { return true }}; return a.b()`, false},
	{"an empty table that remembers keys", `var a = {}; var r = a[K] === undefined; a[K] = 1; return r`, false},
	{"two tables of the same name", `{ let a = {"1": true}; if (a[K]) { return true } } { let a = {"2": true}; return a[K] === true }`, false},
	{"a literal that is read at once", `var a = {"1": true}[K]; return a === true`, false},
	{"a template", "var a = {\"1\": true}; return a[`${K}`] === true", false},
	{"a division", `var a = {"1": 4}; var b = (a["1"]) / 2; return b === 2 / 1`, false},
	{"a write behind a division", "var a = {\"1\": 4}; var r = a.x !== 1; var b = (r) / 2; a.x = 1; var c = 1 / 2; return r", false},
	{"this", `var a = {"1": true}; return a[K] === true && this !== a`, false},
	{"the name for the table is taken", `var a = {"1": true}; var $clew$literal$0 = {"1": false}; return a[K] === true`, false},
}

func hoistSource(body string) string {
	return "var kept0; function filter(event) {" + strings.ReplaceAll(body, "K", `event.context.get("k")`) + "}"
}

// A hoisted source returns the same answers as the original, also in later calls.
func TestHoist(t *testing.T) {
	candidates := audittest.Candidates(
		audit.Event{Context: map[string]string{"k": "1"}}, audit.Event{Context: map[string]string{"k": "2"}},
		audit.Event{Context: map[string]string{"k": "3"}}, audit.Event{Context: map[string]string{"k": "1"}})
	for _, tt := range hoistTests {
		t.Run(tt.name, func(t *testing.T) {
			source := hoistSource(tt.body)
			declarations, rest := script.Hoist(source)
			assert.Equal(t, tt.hoisted, declarations != "", rest)
			assert.Equal(t, strings.Count(source, "\n"), strings.Count(rest, "\n"))
			// The call of eval keeps hoist from changing the source.
			plain := open(t, "function unused() { eval() } "+source)
			hoisted := open(t, source)
			for range 2 {
				want, got := make([]bool, 4), make([]bool, 4)
				w, g := plain.Judge(candidates, want), hoisted.Judge(candidates, got)
				assert.Equal(t, want, got)
				assert.Equal(t, fmt.Sprint(w.Last), fmt.Sprint(g.Last))
			}
		})
	}
}

// An error after a hoisted literal has the right line.
func TestHoistLine(t *testing.T) {
	s := open(t, "function filter(event) {\nvar a = {\n\"1\": true,\n\"2\": true\n}\nreturn a[1] === true && null.x\n}")
	_, counts := judge(s, 1)
	assert.Equal(t, "line 6: TypeError: cannot read property 'x' of null", counts.Last.Error())
}

// manyTables returns a source that consists of tables and has almost the maximum length. It also
// returns the number of tables.
func manyTables() (source string, tables int) {
	var b strings.Builder
	for ; b.Len() < script.MaxSource-100; tables++ {
		fmt.Fprintf(&b, "var a%d={};", tables)
	}
	return b.String() + "function filter(event) { return true }", tables
}

// Hoist scans a source once, even if it has very many tables. BenchmarkHoist measures the time of
// such a scan.
func TestHoistMany(t *testing.T) {
	source, tables := manyTables()
	declarations, rest := script.Hoist(source)
	assert.Equal(t, tables, strings.Count(declarations, "\n"))
	assert.NotContains(t, rest, "={}")

	var nested strings.Builder
	for i := range 20_000 {
		fmt.Fprintf(&nested, "a%d[", i)
	}
	declarations, _ = script.Hoist(source + "return " + nested.String())
	assert.Equal(t, tables-20_000, strings.Count(declarations, "\n"), "a use without a closing bracket prevents hoisting")
}

// BenchmarkHoist measures hoist with the largest source.
func BenchmarkHoist(b *testing.B) {
	source, _ := manyTables()
	b.SetBytes(int64(len(source)))
	for b.Loop() {
		script.Hoist(source)
	}
}

// pieces are the parts from which FuzzHoist makes statements that use a table.
var pieces = []string{"a", "a", "a", "[K]", ".x", "[", "]", "(", ")", "{", "}", "=", "1", ";", "return ", "!", " in ", "delete ", "++", "--", "\n",
	",", "===", "&&", "||", "?", ":", "true", "for", "var ", "b", "if", "...", "=>", " of ", "+=", "typeof ", ".valueOf", "()", "new ", "/", "\"x\""}

// FuzzHoist looks for a script whose results change because its table was hoisted.
func FuzzHoist(f *testing.F) {
	f.Add([]byte{0, 3, 11, 12})
	f.Add([]byte{14, 0, 3, 22, 27})
	candidates := audittest.Candidates(audit.Event{Context: map[string]string{"k": "1"}}, audit.Event{Context: map[string]string{"k": "x"}})
	f.Fuzz(func(t *testing.T, uses []byte) {
		var b strings.Builder
		for _, u := range uses[:min(len(uses), 20)] {
			b.WriteString(pieces[int(u)%len(pieces)])
		}
		source := hoistSource(`var b; var a = {"1": true}; var r = a.x === 1 || !a["1"]; if (r) { return true } ` + b.String() + "\nreturn false")
		if declarations, _ := script.Hoist(source); declarations == "" {
			return
		}
		hoisted, err := script.New("test", source, 1)
		plain, plainErr := script.New("test", "function unused() { eval() } "+source, 1)
		assert.Equal(t, fmt.Sprint(plainErr), fmt.Sprint(err), source)
		if err != nil || plainErr != nil {
			return
		}
		defer hoisted.Close()
		defer plain.Close()
		for range 2 {
			want, got := make([]bool, 2), make([]bool, 2)
			plain.Judge(candidates, want)
			hoisted.Judge(candidates, got)
			assert.Equal(t, want, got, source)
		}
	})
}
