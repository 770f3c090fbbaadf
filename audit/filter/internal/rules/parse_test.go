package rules_test

import (
	"strings"
	"testing"
	"time"

	"example.com/clew/audit/filter/internal/rules"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const js = "function filter(event) { return true }"

var christmas = time.Date(2036, 12, 24, 18, 0, 0, 0, time.UTC)

// good lists files without a fault, for the tests and as fuzz seeds.
var good = []struct {
	name string
	yaml string
	want []rules.Definition
}{
	{"the filter of the README", `name: "anton_client_filter"
expiration: 2036-12-24T18:00:00Z   # optional
js: |
    function filter(event) {
      var client = event.context.get("client_id")
      return client != null && client == "3136"
    }
`, []rules.Definition{{Name: "anton_client_filter", Expires: christmas, Line: 4, Script: `function filter(event) {
  var client = event.context.get("client_id")
  return client != null && client == "3136"
}
`}}},
	{"apps", "name: a\napps: [media-api, media-store]\njs: " + js, []rules.Definition{
		{Name: "a", Apps: []string{"media-api", "media-store"}, Script: js, Line: 3}}},
	{"several filters", "name: a\njs: x\n---\n# only a comment\n---\nname: b\njs: |\n  y\n--- {name: c, js: z}\n", []rules.Definition{
		{Name: "a", Script: "x", Line: 2}, {Name: "b", Script: "y\n", Line: 8}, {Name: "c", Script: "z", Line: 9}}},
	{"CRLF, and the markers of a document", "---\r\nname: a\r\njs: |\r\n  x\r\n...\r\n", []rules.Definition{{Name: "a", Script: "x\n", Line: 4}}},
	{"a byte order mark", "\uFEFFname: a\njs: x", []rules.Definition{{Name: "a", Script: "x", Line: 2}}},
	{"a comment alone", "# none today\n", nil},
	{"an empty document alone", "---\n", nil},
	{"a script on the next line", "name: a\njs:\n  |\n  x\n", []rules.Definition{{Name: "a", Script: "x\n", Line: 4}}},
	{"a script after empty lines", "name: a\njs: |\n\n  x\n", []rules.Definition{{Name: "a", Script: "\nx\n", Line: 3}}},
	{"scripts of one line", "---\nname: a\njs: x // ü \"\n# more\n---\nname: b\njs: \"x \\\" // \\\\\"\n\n---\n" +
		"{name: ü, js: 'x '' // \\', apps: [y]}\n---\nname: d\njs: !!str x\n---\nname: e\njs: !!str\n  'x'\n---\nname: f\njs: \"x\\n\\ty\"\n", []rules.Definition{
		{Name: "a", Script: "x // ü \"", Line: 3}, {Name: "b", Script: `x " // \`, Line: 7}, {Name: "ü", Script: `x ' // \`, Apps: []string{"y"}, Line: 10},
		{Name: "d", Script: "x", Line: 13}, {Name: "e", Script: "x", Line: 16}, {Name: "f", Script: "x\n\ty", Line: 20}}},
	{"line ends other than newline", "name: a # \u2028 \r#\r\njs: x // y\r", []rules.Definition{{Name: "a", Script: "x // y", Line: 4}}},
	{"a version", "# of YAML\n\n%YAML 1.2 # this one\n# more\n---\nname: a\njs: x\n", []rules.Definition{{Name: "a", Script: "x", Line: 7}}},
	{"versions", "%YAML 1.1\r\n---\r\nname: a\r\njs: x\r\n...\r\n%YAML 1.2\r\n---\r\nname: b\r\njs: y\r\n---\nname: c\njs: z", []rules.Definition{
		{Name: "a", Script: "x", Line: 4}, {Name: "b", Script: "y", Line: 9}, {Name: "c", Script: "z", Line: 12}}},
	{"tags", "%TAG !e! tag:yaml.org,2002:\n%YAML 1.2\n--- {name: !e!str 12, js: x}\n", []rules.Definition{{Name: "12", Script: "x", Line: 3}}},
	{"a version of an empty document", "%YAML 1.2\n---\n---\nname: a\njs: x", []rules.Definition{{Name: "a", Script: "x", Line: 5}}},
	{"a version alone", "%YAML 1.2\n", nil},
	{"texts that look like a version", "{js: x, name: \"a\n%YAML 1.2\"}\n---\nname: b\njs: |\n  x\n  %YAML 1.2\n", []rules.Definition{
		{Name: "a %YAML 1.2", Script: "x", Line: 1}, {Name: "b", Script: "x\n%YAML 1.2\n", Line: 6}}},
	{"a script with a line of dashes", "name: a\njs: |\n  x\n  ---\n  y\n", []rules.Definition{{Name: "a", Script: "x\n---\ny\n", Line: 3}}},
}

func TestGood(t *testing.T) {
	for _, c := range good {
		t.Run(c.name, func(t *testing.T) {
			text := []byte(c.yaml)
			defs, errs := rules.Parse(text)
			assert.Empty(t, errs)
			assert.Equal(t, c.want, defs)
			assert.Equal(t, c.yaml, string(text), "Parse does not change its argument")
		})
	}
}

// bad lists files with one fault each. The test adds a good filter, "other", to each file.
var bad = []struct {
	name string
	yaml string
	want string
}{
	{"no mapping", "- a\n- b", "line 1: a filter is a mapping"},
	{"no name", "js: x", "line 1: no name"},
	{"an empty name", `{name: "", js: x}`, "line 1: name must have 1 to 200 bytes"},
	{"a long name", "js: x\nname: " + strings.Repeat("n", 201), "line 2: name must have 1 to 200 bytes"},
	{"a name that is a number", "name: 12\njs: x", "line 1: name is not a text; put it in quotes"},
	{"a name with an escape sequence", `{name: "a\e[2J", js: x}`, "line 1: name has a character that is not printable"},
	{"no js", "name: a", `line 1: filter "a": no js`},
	{"js of blanks", "name: a\njs: '  '", `line 2: filter "a": js is not the text of a script`},
	{"js that is a list", "name: a\njs: [x]", `line 2: filter "a": js is not the text of a script`},
	{"js that is folded", "name: a\njs: >\n  x\n  y\n", `line 2: filter "a": js: > joins the lines`},
	{"js of several lines", "name: a\njs: x // one\n  y\n", `line 2: filter "a": js of several lines without | is joined to one line; write js: |`},
	{"js of several lines that begins on the next line", "name: a\njs:\n  x // größer\n  y\n", `line 3: filter "a": js of several lines`},
	{"js of several lines in double quotes", "name: a\njs: \"x \\\" // ü\n  y\"\n", `line 2: filter "a": js of several lines`},
	{"js of several lines in double quotes, with an escaped line end", "name: a\njs: \"x // \\\n  y\"\n", `line 2: filter "a": js of several lines`},
	{"js of several lines in single quotes", "{name: ü, js: 'x '' // ''\n\n  y'}\n", `line 1: filter "ü": js of several lines`},
	{"js of several lines with a tag", "name: a\njs: !!str x //\n  y\n", `line 2: filter "a": js of several lines`},
	{"js of several lines after other line ends", "name: a # \u2028 \r#\r\njs: x //\r  y\r", `line 4: filter "a": js of several lines`},
	{"js with NUL", `{name: a, js: "x\0"}`, `line 1: filter "a": js has a NUL byte`},
	{"an unknown key", "name: a\nexpires: 2036-12-24\njs: x", `line 2: filter "a": an unknown key "expires"`},
	{"an unknown key before the name", "expires: 1\nname: a\njs: x", `line 1: filter "a": an unknown key "expires"`},
	{"an unknown key with an escape sequence", `{"\e[2J": 1, name: a, js: x}`, `line 1: filter "a": an unknown key "\x1b[2J"`},
	{"a key that is a list", "? [a]\n: b", "line 1: a key that is not a text"},
	{"a key twice", "name: a\njs: x\njs: y", `line 3: filter "a": the key "js" comes twice`},
	{"an alias", "name: &n a\njs: *n", "line 1: anchors (&) and aliases (*) are not allowed"},
	{"an alias of an app", "name: a\njs: x\napps: [&b b, *b]", `line 3: filter "a": anchors (&) and aliases (*)`},
	{"a merge", "<<: {name: a}\njs: x", `line 1: an unknown key "<<"`},
	{"apps that are a text", "name: a\napps: media-api\njs: x", `line 2: filter "a": apps is not a list`},
	{"no apps", "name: a\napps: []\njs: x", `line 2: filter "a": apps must have 1 to 1000 names`},
	{"an app that is a number", "name: a\napps: [1]\njs: x", `line 2: filter "a": an app is not a text`},
	{"a version within a document", "name: a\n%YAML 1.2\njs: x", "line 3: not YAML"},
	{"not YAML", "name: a\njs: |\n  x\n bad: [", "line 3: not YAML"},
	{"a tab", "name: a\n\tjs: x", "line 2: not YAML"},
	{"a document without its marker", "name: a\njs: x\n...\nname: b\njs: y\n", "line 3: not YAML, here or in the next line: did not find expected <document start>"},
	{"a second document after CR", "name: a\rjs: x\r---\rname: b\rjs: y\r", "a document that does not begin with a line ---"},
	{"aliases that expand to a large value", "a: &a [x,x]\nb: &b [*a,*a]\nname: n\njs: *b", "line 1: filter \"n\": anchors"},
}

func TestBad(t *testing.T) {
	for _, c := range bad {
		for _, order := range []string{"before", "after"} {
			t.Run(c.name+", "+order, func(t *testing.T) {
				text, other := c.yaml+"\n---\nname: other\njs: x\n", rules.Definition{Name: "other", Script: "x"}
				if order == "after" {
					text = "{name: other, js: x}\n---\n" + c.yaml
				}
				defs, errs := rules.Parse([]byte(text))
				require.Len(t, errs, 1, "%v", errs)
				require.Len(t, defs, 1)
				other.Line = defs[0].Line
				assert.Equal(t, other, defs[0], "the other filter of the file must be good")
				if order == "before" {
					assert.Contains(t, errs[0].Error(), c.want)
				} else {
					assert.NotContains(t, errs[0].Error(), "line 1:", "the line is counted in the file, not in the document")
				}
			})
		}
	}
}

func TestWholeFile(t *testing.T) {
	for _, c := range []struct {
		name, yaml, want string
	}{
		{"empty", "", "the file is empty"},
		{"blanks", " \n\n", "the file is empty"},
		{"a byte order mark alone", "\uFEFF", "the file is empty"},
		{"not UTF-8", "name: \xff", "the file is not UTF-8"},
		{"UTF-16", "\xff\xfen\x00", "the file is not UTF-8"},
		{"another version", "%YAML 2.0\n---\nname: a\njs: x", "line 1: not YAML, here or in the next line: found incompatible YAML document"},
		{"tags alone", "%TAG !e! x\n", "line 1: not YAML, here or in the next line: did not find expected <document start>"},
		{"too large", strings.Repeat("#", rules.MaxFile+1), "the file is larger than 1048576 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			defs, errs := rules.Parse([]byte(c.yaml))
			assert.Empty(t, defs)
			require.Len(t, errs, 1)
			assert.Contains(t, errs[0].Error(), c.want)
		})
	}
}

func TestScriptOfAMegabyte(t *testing.T) {
	script := strings.Repeat("/", rules.MaxFile-len("name: a\njs: "))
	defs, errs := rules.Parse([]byte("name: a\njs: " + script))
	require.Empty(t, errs)
	assert.Equal(t, []rules.Definition{{Name: "a", Script: script, Line: 2}}, defs)
}

// Error.Part identifies a wrong part by its text, wherever in the file the part is.
func TestPart(t *testing.T) {
	_, errs := rules.Parse([]byte("[\n---\nname: a\njs: x\n---\n{\n---\n[\n"))
	require.Len(t, errs, 3)
	assert.NotEqual(t, errs[0].Part, errs[1].Part)
	assert.Equal(t, errs[0].Part, errs[2].Part)
	many := strings.Repeat("---\n[\n", rules.MaxFilters)
	_, errs = rules.Parse([]byte(many + "---\n#1\n"))
	_, more := rules.Parse([]byte(many + "---\n#1\n---\n#2\n"))
	assert.NotEqual(t, errs[rules.MaxFilters].Part, more[rules.MaxFilters].Part, "the Part of the last error is the rest of the file")
	_, errs = rules.Parse([]byte("\xff"))
	_, more = rules.Parse([]byte("\xfe"))
	assert.NotEqual(t, errs[0].Part, more[0].Part, "the Part of the error is the whole file")
}

func TestDuplicate(t *testing.T) {
	defs, errs := rules.Parse([]byte("name: a\njs: x\n---\nname: a\njs: y\n---\nname: b\njs: z\n"))
	require.Len(t, errs, 1)
	assert.Equal(t, `line 3: filter "a": the name is taken by the filter of line 1`, errs[0].Error())
	require.Len(t, defs, 2)
	assert.Equal(t, "x", defs[0].Script, "the first filter of a name is used")
	assert.Equal(t, "b", defs[1].Name)
}

func TestTooMany(t *testing.T) {
	defs, errs := rules.Parse([]byte(strings.Repeat("---\n-\n", 100_000)))
	assert.Empty(t, defs)
	assert.Len(t, errs, rules.MaxFilters+1)
	assert.Contains(t, errs[rules.MaxFilters].Error(), "more than 256 filters")
}

// A document with only comments defines no filter, but needs a parser like any other. So the
// number of documents is limited too.
func TestTooManyDocuments(t *testing.T) {
	const most = 2 * rules.MaxFilters
	defs, errs := rules.Parse([]byte(strings.Repeat("---\n", most-1) + "---\nname: a\njs: x\n"))
	assert.Empty(t, errs)
	assert.Len(t, defs, 1)

	defs, errs = rules.Parse([]byte("name: a\njs: x\n" + strings.Repeat("---\n", most) + "---\nname: b\njs: x\n"))
	assert.Len(t, defs, 1, "filters before the limit are kept")
	require.Len(t, errs, 1)
	assert.Equal(t, "line 514: more than 512 documents in a file", errs[0].Error())

	text := []byte(strings.Repeat("---\n", rules.MaxFile/4))
	allocs := testing.AllocsPerRun(1, func() { rules.Parse(text) })
	assert.Less(t, allocs, 50.0*most, "most of the 262144 documents are not parsed")
}

func TestPrintable(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
	}{
		{"printable characters", "größer “x”", "größer “x”"},
		{"control characters", "a\x1b[2J\r\nb\u202e\u009b", `a\x1b[2J\r\nb\u202e\u009b`},
		{"not UTF-8", "a\xff", `a\xff`},
		{"long", strings.Repeat("ü", 400), strings.Repeat("ü", 249) + " …"},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.Equal(t, c.want, rules.Printable(c.text))
		})
	}
}
