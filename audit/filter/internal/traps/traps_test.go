package traps_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/clew/audit/filter/internal/traps"
	"github.com/stretchr/testify/assert"
)

// The constant many contains nine entries of an array, and manyPairs contains nine entries of an
// object.
const (
	many      = `"1","2","3","4","5","6","7","8","9"`
	manyPairs = `a:1,b:2,c:3,d:4,e:5,f:6,g:7,h:8,i:9`
)

// in(statement) returns a filter with the statement on its second line.
func in(statement string) string { return "function filter(event) {\n" + statement + "\nreturn true }" }

var scripts = []struct {
	name   string
	script string
	want   string // the line and some words of each trap, joined by bars
}{
	{"no trap", in(`return event.context.get("client_id") == "3136"`), ""},
	{"an array in the function", in(`return [` + many + `].includes(event.app)`), "2 the array of 9 entries"},
	{"an object in the function", in(`var o = {` + manyPairs + `}`), "2 the object of 9 entries"},
	{"an object after return", in(`return {` + manyPairs + `}[event.app]`), "2 the object of 9 entries"},
	{"an object after a question", in(`var o = event.app ? {` + manyPairs + `} : 0`), "2 the object of 9"},
	{"an object after a colon", in(`var o = event.app ? 0 : {` + manyPairs + `}`), "2 the object of 9"},
	{"a comma at the end", in(`return [` + many + `,].includes(event.app)`), "2 the array of 9 entries"},
	{"eight entries", in(`return [1,2,3,4,5,6,7,8].includes(event.app)`), ""},
	{"eight entries and a comma", in(`return [1,2,3,4,5,6,7,8,].includes(event.app)`), ""},
	{"no entries", in(`return [].length + {}.x`), ""},
	{"literals in a literal", in("return [" + strings.Repeat("["+many+"],\n", 9) + "][0]"), "2 the array of 9 entries"},
	{"a large literal in a small one", in("return {\na: [" + many + "]}.a"), "3 the array of 9 entries"},
	{"a literal over several lines", in("var a =\n[" + strings.ReplaceAll(many, ",", ",\n") + "]; var r = /x/"), "3 the array of 9|11 regular expression"},
	{"literals outside of the function", `const a = [` + many + `], o = {` + manyPairs + `}, r = /x/; ` + in(`return a.includes(event.app)`), ""},
	{"an array in an arrow function", `const filter = event => [` + many + `].includes(event.app)`, "1 the array of 9"},
	{"a regular expression in an arrow function with braces", `const filter = (event) => { return /x/.test(event.app) }`, "1 regular expression is built"},
	{"an array in an arrow function with a property", `const filter = event => event.context.return == 1 || [` + many + `].includes(event.app)`, "1 the array of 9"},
	{"an array after an arrow function", "const f = event => event.app\nconst a = [" + many + `]`, ""},
	{"an array after an arrow function with ;", "const f = event => event.app; a = [" + many + `]`, ""},
	{"a regular expression in an inner function", in(`function is(x) { return /x/.test(x) }; return is(event.app)`), "2 regular expression"},
	{"a regular expression in a method", `const o = { is(x) { return /x/.test(x) } }; ` + in(``), "1 regular expression"},
	{"functions that are called while the script is loaded", `const s = (function () { return new Set([` + many + `]) })(); const t = [1].map(x => /x/.test(x)); ` + in(``), ""},
	{"a regular expression in a callback of the function", in(`return [1].some(function (x) { return /x/.test(x) })`), "2 regular expression"},
	{"a block", in(`if (event.app) { f(` + many + `); var a = 1, b, c, d, e, f, g, h, i, j }`), ""},
	{"a case", in(`switch (event.app) { case "a": { var a = 1, b, c, d, e, f, g, h, i, j } }`), ""},
	{"an index", in(`return a[event.app, 2, 3, 4, 5, 6, 7, 8, 9]`), ""},
	{"a division", in(`return 4 / 2 / 1 > (1) / 2 / a[0] / 3`), ""},
	{"a regular expression with a quote", in(`return /["'/]/g.test(event.app) || [` + many + `]`), "2 regular expression|2 the array"},
	{"a regular expression with a slash in a class", in(`return /[/]'/.test(event.app) || [` + many + `]`), "2 regular expression|2 the array"},
	{"new RegExp", in(`return new RegExp("x").test(event.app)`), "2 RegExp builds"},
	{"RegExp as a value", in(`return x instanceof RegExp`), ""},
	{"comments and texts", in("// [" + many + "] /x/ java.util\n/* java \n */ var a = 'java /x/ \\' ['\nvar b = `java ${event.app + `[${1}]`} /x/`"), ""},
	{"a regular expression in a template", in("return `${ /x/.test(event.app) } {` + `${ {a: {}} }` && /y/"), "2 regular expression"},
	{"a regular expression after a template", in("return `${1} it's` + /x/.test(event.app)"), "2 regular expression"},
	{"Java's classes", `var s = new java.util.HashSet(); ` + in(`return s.contains(event.app)`), "1 java is Java's: write new Set()|2 contains() is Java's"},
	{"Java's types", `var S = Java.type("java.util.HashSet")`, "1 Java is Java's"},
	{"Java's equals", in(`return event.context.get("client_id").equals("3136")`), "2 equals() is Java's, unless the script defines it: write a == b"},
	{"Java's length", in(`return event.app.length() > event.app.length`), "2 length() is Java's"},
	{"a key called java", in(`return event.context.java == {java: 1}.java`), ""},
	{"a template without its end", in("var a = `x ${ [" + many), ""},
	{"closing brackets without opening ones", `}])` + in(`return /x/`), "2 regular expression"},
	{"bytes that are not JavaScript", "\xff\x00\x1b function(\u2028){", ""},
}

func TestFind(t *testing.T) {
	for _, test := range scripts {
		t.Run(test.name, func(t *testing.T) {
			got := traps.Find(test.script, 1)
			want := strings.Split(test.want, "|")
			if test.want == "" {
				want = nil
			}
			if assert.Len(t, got, len(want), "%v", got) {
				for i, w := range want {
					line, words, _ := strings.Cut(w, " ")
					assert.Equal(t, line, fmt.Sprint(got[i].Line), got[i].Text)
					assert.Contains(t, got[i].Text, words)
				}
			}
		})
	}
}

func TestLinesOfTheFile(t *testing.T) {
	got := traps.Find(in("return /x/"), 11)
	assert.Len(t, got, 1)
	assert.Equal(t, 12, got[0].Line)
}

// Find returns at most twenty traps of a script. Equal traps on one line are returned once.
func TestBounds(t *testing.T) {
	assert.Len(t, traps.Find(in(strings.Repeat("/x/;\n", 100)), 1), 20)
	assert.Len(t, traps.Find(in(strings.Repeat("/x/;", 100)), 1), 1)
}

// Find takes time in proportion to the length of the script, even if brackets are nested deeply.
func TestDeep(t *testing.T) {
	deep := strings.Repeat("(/x/,[`${", 50_000)
	assert.Len(t, traps.Find("filter = function () {"+deep, 1), 1)
	assert.Empty(t, traps.Find(deep, 1))
}

func FuzzFind(f *testing.F) {
	for _, test := range scripts {
		f.Add(test.script)
	}
	f.Fuzz(func(t *testing.T, script string) {
		lines := strings.Count(script, "\n") + 1
		for _, trap := range traps.Find(script, 1) {
			assert.LessOrEqual(t, trap.Line, lines)
			assert.Positive(t, trap.Line)
			assert.NotEmpty(t, trap.Text)
		}
	})
}
