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

// linesOf reads all lines. A long one is "…".
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
	{name: "nothing"},
	{name: "lines", text: "a\nb\n", want: []string{"a\n", "b\n"}},
	{name: "no newline at the end", text: "a\nb", want: []string{"a\n", "b"}},
	{name: "empty lines", text: "\n\na\n", want: []string{"\n", "\n", "a\n"}},
	{name: "joined", text: `{"a":1}{"b":2}{"c":{"d":3}}` + "\n" + `{"e":4}`, want: []string{`{"a":1}`, `{"b":2}`, `{"c":{"d":3}}` + "\n", `{"e":4}`}},
	{name: "joined in pairs", text: "{}{}\n{}{}\n", want: []string{"{}", "{}\n", "{}", "{}\n"}},
	{name: "as a value", text: `{"a":"}{"}` + "\n" + `{"a":"\"}{"}{"b":"\\"}{"c":1}`, want: []string{`{"a":"}{"}` + "\n", `{"a":"\"}{"}`, `{"b":"\\"}`, `{"c":1}`}},
	{name: "no objects", text: "a}{b\n}{}{\n[{}{}]\n", want: []string{"a}{b\n", "}{}{\n", "[{}{}]\n"}},
	{name: "not ended", text: `{"a":{"b":"}{`, want: []string{`{"a":{"b":"}{`}},
	{name: "as long as may be", text: strings.Repeat("x", maxLine) + "\nb\n", want: []string{strings.Repeat("x", maxLine) + "\n", "b\n"}},
	{name: "as long as may be, at the end", text: strings.Repeat("x", maxLine), want: []string{strings.Repeat("x", maxLine)}},
	{name: "too long", text: strings.Repeat("x", maxLine+1) + "\nb\n", want: []string{"…", "b\n"}},
	{name: "too long, at the end", text: "a\n" + strings.Repeat("x", maxLine+1), want: []string{"a\n", "…"}},
	{name: "much too long", text: strings.Repeat("x", 3*maxLine) + "\nb\n" + strings.Repeat("x", 3*maxLine), want: []string{"…", "b\n", "…"}},
	{name: "joined, for megabytes", text: strings.Repeat(longObject, 4000) + "\nb", want: append(append(repeat(longObject, 3999), longObject+"\n"), "b")},
}

func repeat(text string, n int) (all []string) {
	for range n {
		all = append(all, text)
	}
	return all
}

func TestLines(t *testing.T) {
	for _, test := range lineTests {
		t.Run(test.name, func(t *testing.T) {
			assert.True(t, equal(test.want, linesOf(t, strings.NewReader(test.text))), "whole")
			assert.True(t, equal(test.want, linesOf(t, iotest.DataErrReader(iotest.HalfReader(strings.NewReader(test.text))))), "in pieces")
		})
	}
	broken := newLineReader(io.MultiReader(strings.NewReader("a\nb"), iotest.ErrReader(iotest.ErrTimeout)))
	line, _, err := broken.next()
	require.NoError(t, err)
	assert.Equal(t, "a\n", string(line))
	_, _, err = broken.next()
	assert.ErrorIs(t, err, iotest.ErrTimeout)
}

// equal compares without the megabytes of a message.
func equal(want, got []string) bool { return strings.Join(want, "|") == strings.Join(got, "|") }

// All bytes come out, in their order, and it does not matter in which pieces they come in. Only
// ends of lines and of objects are ends.
func FuzzLines(f *testing.F) {
	for _, test := range lineTests {
		if len(test.text) < 1000 { // megabytes are slow to change
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
