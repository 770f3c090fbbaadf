package main

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// linesOf returns all lines. It returns "…" for a line that is too long.
func linesOf(t testing.TB, from io.Reader) (all []string) {
	t.Helper()
	r := newLineReader(from)
	for {
		line, long, err := r.next()
		switch {
		case long:
			all = append(all, "…")
		case len(line) > 0:
			all = append(all, string(line))
		}
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			return all
		}
	}
}

var longObject = `{"message":"` + strings.Repeat("x", 1000) + `"}`

var lineTests = []struct {
	name, text string
	want       []string
}{
	{name: "no text"},
	{name: "lines", text: "a\nb\n", want: []string{"a\n", "b\n"}},
	{name: "no newline at the end", text: "a\nb", want: []string{"a\n", "b"}},
	{name: "empty lines", text: "\n\na\n", want: []string{"\n", "\n", "a\n"}},
	{name: "joined objects", text: `{"a":1}{"b":2}{"c":{"d":3}}` + "\n" + `{"e":4}`, want: []string{`{"a":1}`, `{"b":2}`, `{"c":{"d":3}}` + "\n", `{"e":4}`}},
	{name: "two joined objects on each line", text: "{}{}\n{}{}\n", want: []string{"{}", "{}\n", "{}", "{}\n"}},
	{name: "braces in values", text: `{"a":"}{"}` + "\n" + `{"a":"\"}{"}{"b":"\\"}{"c":1}`, want: []string{`{"a":"}{"}` + "\n", `{"a":"\"}{"}`, `{"b":"\\"}`, `{"c":1}`}},
	{name: "lines that are no objects", text: "a}{b\n}{}{\n[{}{}]\n", want: []string{"a}{b\n", "}{}{\n", "[{}{}]\n"}},
	{name: "an object that does not end", text: `{"a":{"b":"}{`, want: []string{`{"a":{"b":"}{`}},
	{name: "a line of the largest length", text: strings.Repeat("x", maxLine) + "\nb\n", want: []string{strings.Repeat("x", maxLine) + "\n", "b\n"}},
	{name: "a last line of the largest length", text: strings.Repeat("x", maxLine), want: []string{strings.Repeat("x", maxLine)}},
	{name: "a line that is too long", text: strings.Repeat("x", maxLine+1) + "\nb\n", want: []string{"…", "b\n"}},
	{name: "a last line that is too long", text: "a\n" + strings.Repeat("x", maxLine+1), want: []string{"a\n", "…"}},
	{name: "lines that are much too long", text: strings.Repeat("x", 3*maxLine) + "\nb\n" + strings.Repeat("x", 3*maxLine), want: []string{"…", "b\n", "…"}},
	{name: "an object that is too long, among joined objects", text: `{"a":1}` + tooLong + `{"c":1}{"d":1}` + "\n" + `{"e":1}`, want: []string{`{"a":1}`, "…", `{"c":1}`, `{"d":1}` + "\n", `{"e":1}`}},
	{name: "several objects that are too long, among joined objects", text: tooLong + tooLong + `{"c":1}` + tooLong, want: []string{"…", "…", `{"c":1}`, "…"}},
	{name: "a long object with braces in a value", text: `{"m":"` + strings.Repeat(`\"}{`, maxLine/2) + `"}{"c":1}` + "\nb\n", want: []string{"…", `{"c":1}` + "\n", "b\n"}},
	{name: "a long object that does not end", text: `{"m":"` + strings.Repeat(`}{`, maxLine) + "\nb\n", want: []string{"…", "b\n"}},
	{name: "a long line that is no object", text: "[" + tooLong + "{}{}\nb\n", want: []string{"…", "b\n"}},
	{name: "a long object with other text after it", text: tooLong + " {}{}\nb\n", want: []string{"…", "b\n"}},
	{name: "a joined object of the largest length", text: asLong(maxLine) + "{}", want: []string{asLong(maxLine), "{}"}},
	{name: "a joined object that is a byte too long", text: asLong(maxLine+1) + "{}", want: []string{"…", "{}"}},
	{name: "a joined object that is two bytes too long", text: asLong(maxLine+2) + "{}", want: []string{"…", "{}"}},
	{name: "megabytes of joined objects", text: strings.Repeat(longObject, 4000) + "\nb", want: append(append(repeat(longObject, 3999), longObject+"\n"), "b")},
}

// asLong returns an object of n bytes.
func asLong(n int) string { return `{"m":"` + strings.Repeat("x", n-8) + `"}` }

var tooLong = asLong(2*maxLine + 5)

func repeat(text string, n int) (all []string) {
	for range n {
		all = append(all, text)
	}
	return all
}

func TestLines(t *testing.T) {
	for _, test := range lineTests {
		t.Run(test.name, func(t *testing.T) {
			assert.True(t, equal(test.want, linesOf(t, strings.NewReader(test.text))), "the text is read at once")
			assert.True(t, equal(test.want, linesOf(t, iotest.DataErrReader(iotest.HalfReader(strings.NewReader(test.text))))), "the text is read in pieces")
		})
	}
	broken := newLineReader(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(iotest.ErrTimeout)))
	line, _, err := broken.next()
	require.NoError(t, err)
	assert.Equal(t, "a\n", string(line))
	_, _, err = broken.next()
	assert.ErrorIs(t, err, iotest.ErrTimeout)
}

// In a line of very many objects, objectEnd looks at each byte once, and at the byte after each
// object twice.
func TestJoinedIsLinear(t *testing.T) {
	const n = 50000
	r := newLineReader(iotest.HalfReader(strings.NewReader(strings.Repeat("{}", n) + strings.Repeat(" ", 10*n) + "\n")))
	objects, seen := 0, 0
	for {
		_, _, err := r.next()
		seen += r.object.seen
		if err != nil {
			require.ErrorIs(t, err, io.EOF)
			break
		}
		objects++
	}
	assert.Equal(t, n, objects)
	assert.LessOrEqual(t, seen, 12*n+1)
}

// Compare the MB/s: a line of very many objects is almost as fast as the same objects on separate
// lines.
func BenchmarkLines(b *testing.B) {
	for _, bench := range []struct{ name, text string }{
		{"lines", strings.Repeat("{}\n", 1<<18)},
		{"joined", strings.Repeat("{}", 1<<18)},
		{"joined, and a newline", strings.Repeat("{}", 1<<18) + "\n"},
	} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(len(bench.text)))
			for b.Loop() {
				r := newLineReader(strings.NewReader(bench.text))
				for err := error(nil); err == nil; {
					_, _, err = r.next()
				}
			}
		})
	}
}

// equal compares two lists. A failure of assert.Equal would print megabytes.
func equal(want, got []string) bool { return strings.Join(want, "|") == strings.Join(got, "|") }

// The lines contain all bytes of the text in order, and do not depend on the pieces in which the
// text is read. A line contains at most one newline.
func FuzzLines(f *testing.F) {
	for _, test := range lineTests {
		if len(test.text) < 1000 { // mutations of megabytes are slow
			f.Add([]byte(test.text))
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		all := linesOf(t, bytes.NewReader(text))
		require.True(t, equal(all, linesOf(t, iotest.HalfReader(bytes.NewReader(text)))))
		if len(text) <= maxLine {
			require.Equal(t, string(text), strings.Join(all, ""))
		}
		for _, line := range all {
			require.LessOrEqual(t, strings.Count(line, "\n"), 1)
		}
	})
}
