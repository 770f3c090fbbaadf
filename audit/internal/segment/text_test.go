package segment_test

import (
	"slices"
	"strings"
	"testing"

	"example.com/clew/audit/internal/segment"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func named(names ...string) []byte {
	b := segment.Begin(nil, -7, []byte("12345678"), "app", "message", names...)
	b = segment.AppendPair(b, "k", "1")
	b = segment.AppendPair(b, "other", strings.Repeat("o", 300))
	b = segment.AppendPair(b, "k", "2")
	segment.End(b, 0)
	return b
}

func TestTextAppend(t *testing.T) {
	manyNames := slices.Repeat([]string{strings.Repeat("n", 200)}, 200)
	for _, tt := range []struct {
		name     string
		own, add []string
	}{
		{"no name", nil, nil},
		{"own names", []string{"a"}, nil},
		{"added names", nil, []string{"a", ""}},
		{"own and added names", []string{"a", "b"}, []string{"c"}},
		{"so many names that their number takes two bytes", manyNames[:127], manyNames},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, kept := range []bool{false, true} {
				b := named(tt.own...)
				if kept {
					segment.Keep(b)
					_, _, ok := segment.Next(b)
					assert.False(t, ok, "Next must refuse a marked record")
				}
				text, rest, ok := segment.NextText(string(b) + "rest")
				require.True(t, ok)
				assert.Equal(t, "rest", rest)
				assert.Equal(t, kept, text.Kept)
				got := text.Append([]byte("before"), tt.add)
				want := append([]byte("before"), named(slices.Concat(tt.own, tt.add)...)...)
				assert.Equal(t, want, got)
			}
		})
	}
}

func TestTextValue(t *testing.T) {
	text, _, ok := segment.NextText(string(named("a", "b")))
	require.True(t, ok)
	for key, want := range map[string]string{"k": "2", "other": strings.Repeat("o", 300)} {
		value, found := text.Value(key)
		assert.True(t, found, key)
		assert.Equal(t, want, value, key)
	}
	_, found := text.Value("")
	assert.False(t, found)
	assert.True(t, text.HasName("a"))
	assert.True(t, text.HasName("b"))
	assert.False(t, text.HasName("c"))
	for range text.Pairs() {
		break // Pairs must not yield after the loop has ended
	}
}

func TestStringSize(t *testing.T) {
	for _, n := range []int{0, 1, 127, 128, 16383, 16384, 1 << 21} {
		want := len(segment.AppendPair(nil, strings.Repeat("s", n), "")) - 1
		assert.Equal(t, want, segment.StringSize(n), "%d bytes", n)
	}
}

// FuzzText compares the results of NextText and Next for the same bytes.
func FuzzText(f *testing.F) {
	f.Add(string(named()), "k", "a")
	f.Add(string(named("a", "b"))+string(record("m")), "", "c")
	f.Add(string(named("a"))[:50], "k", "")
	f.Add("\x0a\x00\x00\x00\x08\x00\x00\x00\x00\x00\x00\x00\x00\x00\xff", "k", "")
	f.Fuzz(func(t *testing.T, s, key, name string) {
		for {
			r, rest, ok := segment.Next([]byte(s))
			text, textRest, textOK := segment.NextText(s)
			if !ok {
				require.False(t, textOK && !text.Kept)
				return
			}
			require.True(t, textOK)
			require.Equal(t, string(rest), textRest)
			same(t, &r, &text, key)

			added, after, ok := segment.Next(text.Append(nil, []string{name}))
			require.True(t, ok)
			require.Empty(t, after)
			require.Equal(t, append(namesOf(&r), name), namesOf(&added))
			require.Equal(t, r.RawPairs(), added.RawPairs())
			require.Equal(t, slices.Contains(namesOf(&r), name), text.HasName(name))
			require.Equal(t, s[:len(s)-len(rest)], string(text.Append(nil, nil)))
			s = textRest
		}
	})
}

func namesOf(r *segment.Record) []string {
	names := []string{}
	for name := range r.Names() {
		names = append(names, string(name))
	}
	return names
}

func same(t *testing.T, r *segment.Record, text *segment.Text, key string) {
	t.Helper()
	require.Equal(t, r.Time, text.Time)
	require.Equal(t, string(r.TraceID), text.TraceID)
	require.Equal(t, string(r.App), text.App)
	require.Equal(t, string(r.Message), text.Message)
	var want, got []string
	value, found := "", false
	for k, v := range r.Pairs() {
		want = append(want, string(k), string(v))
		if string(k) == key {
			value, found = string(v), true
		}
	}
	for k, v := range text.Pairs() {
		got = append(got, k, v)
	}
	require.Equal(t, want, got)
	gotValue, gotFound := text.Value(key)
	require.Equal(t, value, gotValue)
	require.Equal(t, found, gotFound)
}
