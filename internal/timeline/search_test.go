package timeline_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"example.com/clew/internal/timeline"
)

const (
	searched   = "5759e988bd862e3fe1be46a994272793"
	searched16 = "e1be46a994272793"
	searched10 = "16266516598257821587"
)

func formsOf(texts ...string) [][]byte {
	var forms [][]byte
	for _, text := range texts {
		forms = append(forms, []byte(text))
	}
	return forms
}

// naive does the work of Search.Next in a simple and slow way.
func naive(forms [][]byte, block []byte) int {
	lower := lowerASCII(block)
	first := -1
	for _, form := range forms {
		if len(form) == 0 {
			continue
		}
		at := bytes.Index(lower, lowerASCII(form))
		if end := at + len(form); at >= 0 && (first < 0 || end < first) {
			first = end
		}
	}
	return first
}

// lowerASCII is bytes.ToLower for ASCII. It keeps all other bytes as they are.
func lowerASCII(b []byte) []byte {
	lower := bytes.Clone(b)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	return lower
}

func TestSearch(t *testing.T) {
	tests := []struct {
		name  string
		forms []string
		block string
		want  int
	}{
		{"no form, and an empty block", nil, "", -1},
		{"no form", nil, "abc", -1},
		{"an empty form is ignored", []string{""}, "abc", -1},
		{"an empty block", []string{searched16}, "", -1},
		{"the form is all of the block", []string{searched16}, searched16, 16},
		{"at the end", []string{searched16}, "trace_id=" + searched16, 25},
		{"at the beginning", []string{searched16}, searched16 + " request", 16},
		{"all but the last byte of the form", []string{searched16}, searched16[:15] + "4", -1},
		{"all but the first byte of the form", []string{searched16}, searched16[1:], -1},
		{"upper case", []string{searched16}, "x E1BE46A994272793", 18},
		{"mixed case", []string{searched16}, "x E1be46a994272793", 18},
		{"a form in upper case", []string{"E1BE46A994272793"}, "x e1be46a994272793", 18},
		{"a byte that differs by the bit of case", []string{searched16}, "\x051be46a994272793", -1},
		{"a digit that differs by the bit of case", []string{searched16}, "e\x11be46a994272793", -1},
		{"the second form", []string{searched16, searched10}, `"dd.trace_id":"` + searched10 + `"`, 35},
		{"two forms that end at one place", []string{searched, searched16}, searched, 32},
		{"of two forms, the one that is first in the block", []string{searched10, searched16}, searched16 + searched10, 16},
		{"short forms", []string{"12", "123456789"}, "3412", 4},
		{"a form of four bytes", []string{"1234"}, "x1234", 5},
		{"long forms", []string{"00000000000000000000" + searched + searched}, "x00000000000000000000" + searched + searched, 85},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			forms := formsOf(test.forms...)
			got := timeline.NewSearch(forms).Next([]byte(test.block))
			assert.Equal(t, test.want, got)
			assert.Equal(t, naive(forms, []byte(test.block)), got, "naive and Search must have the same result")
		})
	}
}

// Search finds an ID in each place of a block of any length.
func TestSearchEverywhere(t *testing.T) {
	for _, text := range []string{searched, searched16, searched10, "12345678", "1234"} {
		s := timeline.NewSearch(formsOf(text, "ffffffffffffffffffff"))
		for length := len(text); length < 200; length++ {
			for at := 0; at+len(text) <= length; at++ {
				block := bytes.Repeat([]byte("."), length)
				copy(block[at:], text)
				if got := s.Next(block); got != at+len(text) {
					t.Fatalf("the search for %q at index %d of %d bytes has the result %d", text, at, length, got)
				}
			}
		}
	}
}

// Search and naive agree. Blocks with few different bytes contain many texts that nearly match.
func TestSearchEqualsNaive(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	letters := func(n int, of string) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = of[rnd.IntN(len(of))]
		}
		return b
	}
	hits := 0
	for range 20_000 {
		alphabet := []string{"0aA", "01", "0123456789abcdefABCDEF"}[rnd.IntN(3)]
		block := letters(rnd.IntN(300), alphabet)
		var forms [][]byte
		for range rnd.IntN(3) + 1 {
			form := letters(rnd.IntN(33), alphabet)
			if at := rnd.IntN(len(block) + 1); rnd.IntN(2) == 0 && at+len(form) <= len(block) {
				form = block[at : at+len(form)]
			}
			forms = append(forms, form)
		}
		want := naive(forms, block)
		if want >= 0 {
			hits++
		}
		if got := timeline.NewSearch(forms).Next(block); got != want {
			t.Fatalf("NewSearch(%q).Next(%q) = %d, want %d", forms, block, got, want)
		}
	}
	assert.Greater(t, hits, 5_000)
}

func TestSearchAllocatesNothing(t *testing.T) {
	s := timeline.NewSearch(formsOf(searched, searched16, searched10))
	block := logLines(1000)
	assert.Zero(t, testing.AllocsPerRun(10, func() { s.Next(block) }))
}

func FuzzSearch(f *testing.F) {
	f.Add([]byte(searched16), []byte(searched10), []byte("trace_id="+searched))
	f.Add([]byte("1"), []byte(""), []byte("x1"))
	f.Add([]byte("aaaa"), []byte("AAAAA"), []byte("aAaA"))
	f.Fuzz(func(t *testing.T, a, b, block []byte) {
		forms := [][]byte{a, b}
		if got, want := timeline.NewSearch(forms).Next(block), naive(forms, block); got != want {
			t.Fatalf("NewSearch(%q).Next(%q) = %d, want %d", forms, block, got, want)
		}
	})
}

// logLines returns n lines without the ID that is searched for.
func logLines(n int) []byte {
	var b bytes.Buffer
	rnd := rand.New(rand.NewPCG(3, 4))
	for i := range n {
		fmt.Fprintf(&b, `{"level":"info","service":"shop","time":"2026-11-26T10:11:%02d.%06dZ","method":"GET","path":"/products/%d",`+
			`"route":"GET /products/{id}","status":200,"duration_ms":%d.%03d,"trace_id":"5759e988%08x%016x","span_id":"%016x","message":"request"}`+"\n",
			i%60, rnd.IntN(1e6), rnd.IntN(9999), rnd.IntN(50), rnd.IntN(1000), rnd.Uint32(), rnd.Uint64(), rnd.Uint64())
	}
	return b.Bytes()
}

func BenchmarkSearch(b *testing.B) {
	block := logLines(4000)
	b.Run("bytes.Index 32 digits", func(b *testing.B) {
		b.SetBytes(int64(len(block)))
		for b.Loop() {
			bytes.Index(block, []byte(searched))
		}
	})
	b.Run("bytes.Index 16 digits", func(b *testing.B) {
		b.SetBytes(int64(len(block)))
		for b.Loop() {
			bytes.Index(block, []byte(searched16))
		}
	})
	for _, bench := range []struct {
		name  string
		forms []string
	}{
		{"32 digits", []string{searched}},
		{"16 digits", []string{searched16}},
		{"all forms", []string{searched, searched16, searched10}},
		{"8 digits", []string{"94272793"}},
	} {
		s := timeline.NewSearch(formsOf(bench.forms...))
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(len(block)))
			for b.Loop() {
				s.Next(block)
			}
		})
	}
	almost := bytes.Repeat([]byte(searched16[:15]+"x"), len(block)/16)
	s := timeline.NewSearch(formsOf(searched, searched16, searched10))
	b.Run("nothing but near-misses", func(b *testing.B) {
		b.SetBytes(int64(len(almost)))
		for b.Loop() {
			s.Next(almost)
		}
	})
}
