package timeline_test

import (
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/internal/timeline"
	"example.com/clew/internal/torture"
)

func TestReader(t *testing.T) {
	long := strings.Repeat("x", timeline.MaxLine)
	tests := []struct {
		name, source string
		want         []got
		dropped      int64
	}{
		{"nothing", "", nil, 0},
		{"a line", "a\n", []got{{Text: "a", Number: 1}}, 0},
		{"no newline at the end", "a\nb", []got{{Text: "a", Number: 1}, {Text: "b", Number: 2}}, 0},
		{"empty lines", "\n\na\n\n", []got{{Number: 1}, {Number: 2}, {Text: "a", Number: 3}, {Number: 4}}, 0},
		{"carriage returns", "a\r\n\r\nb\r", []got{{Text: "a", Number: 1}, {Number: 2}, {Text: "b", Number: 3}}, 0},
		{"a carriage return within a line", "a\rb\r\r\n", []got{{Text: "a\rb\r", Number: 1}}, 0},
		{"a byte order mark", "\xEF\xBB\xBFa\n\xEF\xBB\xBFb\n", []got{{Text: "a", Number: 1}, {Text: "\xEF\xBB\xBFb", Number: 2}}, 0},
		{"a byte order mark alone", "\xEF\xBB\xBF", nil, 0},
		{"half of a byte order mark", "\xEF\xBB", []got{{Text: "\xEF\xBB", Number: 1}}, 0},
		{"zero bytes within a line", "a\x00b\n", []got{{Text: "a\x00b", Number: 1}}, 0},
		{"zero bytes before a line", "a\n\x00\x00\x00b\n", []got{{Text: "a", Number: 1}, {Text: "b", Number: 2}}, 3},
		{"zero bytes at the end", "a\n\x00\x00", []got{{Text: "a", Number: 1}}, 2},
		{"a hole of zero bytes", strings.Repeat("\x00", 3<<20) + "a\n", []got{{Text: "a", Number: 1}}, 3 << 20},
		{"bytes that are not UTF-8", "\xff\xfe\x80\n", []got{{Text: "\xff\xfe\x80", Number: 1}}, 0},
		{"control characters", "\x1b[2J\x07\x08\n", []got{{Text: "\x1b[2J\x07\x08", Number: 1}}, 0},
		{"the longest line", long + "\na\n", []got{{Text: long, Number: 1}, {Text: "a", Number: 2}}, 0},
		{"the longest line with a carriage return", long + "\r\na\n", []got{{Text: long, Number: 1}, {Text: "a", Number: 2}}, 0},
		{"the longest line, last", long, []got{{Text: long, Number: 1}}, 0},
		{"one byte more than the longest line", long + "y\na\n", []got{{Text: long, Number: 1, Cut: true}, {Text: "a", Number: 2}}, 1},
		{"one byte more than the longest line, last", long + "y", []got{{Text: long, Number: 1, Cut: true}}, 1},
		{"10 MB", strings.Repeat(long, 10) + "\na\n", []got{{Text: long, Number: 1, Cut: true}, {Text: "a", Number: 2}}, 9 << 20},
		{"10 MB, last", strings.Repeat(long, 10), []got{{Text: long, Number: 1, Cut: true}}, 9 << 20},
		{"10 MB with a wrapper", "[pod/p/c] " + strings.Repeat(long, 10), []got{{Text: long[10:], Service: "c", Number: 1, Cut: true}}, 9<<20 + 10},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			end := max(0, strings.IndexByte(tt.source, '\n'))
			for name, src := range map[string]io.Reader{
				"in two":       io.MultiReader(strings.NewReader(tt.source[:end]), strings.NewReader(tt.source[end:])),
				"whole":        strings.NewReader(tt.source),
				"in halves":    iotest.HalfReader(strings.NewReader(tt.source)),
				"data and EOF": iotest.DataErrReader(strings.NewReader(tt.source)),
			} {
				all, dropped := gotAll(t, src)
				if !assert.Equal(t, len(tt.want), len(all), "number of lines, read %s", name) {
					continue
				}
				for i := range all {
					assert.True(t, tt.want[i] == all[i], "line %d, read %s", i, name)
				}
				assert.Equal(t, tt.dropped, dropped, "dropped bytes, read %s", name)
			}
		})
	}
}

// Next returns all lines before an error of the source, then the error, and then the error again.
func TestReaderError(t *testing.T) {
	broken := errors.New("broken")
	src := io.MultiReader(strings.NewReader("a\n"+stampNano+" stdout P cut\nb"), iotest.ErrReader(broken))
	r := timeline.NewReader(src, changed)
	for _, want := range []string{"a", "b", "cut"} {
		raw, err := r.Next()
		require.NoError(t, err)
		assert.Equal(t, want, string(raw.Text))
	}
	for range 2 {
		raw, err := r.Next()
		assert.Nil(t, raw)
		assert.ErrorIs(t, err, broken)
	}
}

// A source that returns no bytes and no error ends the Reader. So does a source that breaks the
// contract of io.Reader.
func TestReaderBadSource(t *testing.T) {
	for _, n := range []int{0, -1, 1 << 30} {
		_, err := timeline.NewReader(liar(n), changed).Next()
		assert.ErrorIs(t, err, io.ErrNoProgress, "Next with a source that claims to have read %d bytes", n)
	}
}

type liar int

func (l liar) Read([]byte) (int, error) { return int(l), nil }

// A line is returned as soon as it has ended, because another program may still write to the
// source.
func TestReaderDoesNotWait(t *testing.T) {
	for _, first := range []string{"", "a", "\xEF\xBB\xBFa", "\xEF", "[a", "{}", stampNano + " stdout F c", "<34>", "\x1b["} {
		t.Run(first, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { // synctest fails if Next waits for more bytes
				in, out := io.Pipe()
				r := timeline.NewReader(in, changed)
				for _, line := range []string{first, "", "b", "{"} {
					go io.WriteString(out, line+"\n")
					_, err := r.Next()
					require.NoError(t, err)
				}
				require.NoError(t, out.Close())
				_, err := r.Next()
				assert.Equal(t, io.EOF, err)
			})
		})
	}
}

// A Reader remembers a limited number of services.
func TestTortureReaderServices(t *testing.T) {
	lines := torture.Size(50_000, 5_000_000)
	src, before := &numbered{left: lines}, torture.Heap()
	r := timeline.NewReader(src, changed)
	require.Equal(t, lines, readAll(t, r))
	grown := torture.Heap() - before
	assert.Less(t, grown, 1<<20)
	torture.Row(t, "a source whose every line has another service", "%d lines, heap +%d KB", lines, grown>>10)
	_, err := r.Next() // keeps r in use until here
	assert.Equal(t, io.EOF, err)
}

// numbered is a source. Each of its lines names another service, and is an unfinished part of a
// longer line.
type numbered struct{ left int }

func (s *numbered) Read(p []byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	b := p[:0]
	for s.left > 0 && cap(b)-len(b) > 100 {
		b = append(b, "[pod/shop/c"...)
		b = time.Unix(int64(s.left), 0).UTC().AppendFormat(b, "20060102150405")
		b = append(b, "] 2026-11-26T10:11:12Z stdout P a\n"...)
		s.left--
	}
	return len(b), nil
}

// A Reader needs limited memory for any source.
func TestTortureReaderMemory(t *testing.T) {
	mb := torture.Size(16, 4096)
	for _, piece := range []string{"x", "\x00", "[{\"", "{\"log\":\"", stampNano + " stdout P a\n"} {
		size := mb << 20 / len(piece) * len(piece)
		before := torture.Heap()
		r := timeline.NewReader(io.LimitReader(&endless{line: []byte(piece)}, int64(size)), changed)
		readAll(t, r)
		grown := torture.Heap() - before
		assert.Less(t, grown, 8<<20, "heap after %d MB of %q", mb, piece)
		torture.Row(t, "a line without end", "%d MB of %q, heap +%d KB", mb, piece, grown>>10)
		_, err := r.Next() // keeps r in use until here
		assert.Equal(t, io.EOF, err)
	}
}

// naiveLines returns the lines of a source, as the simplest code finds them, and the number of
// dropped bytes.
func naiveLines(source []byte) (lines []got, dropped int64) {
	source = bytes.TrimPrefix(source, []byte("\xEF\xBB\xBF"))
	if len(source) == 0 {
		return nil, 0
	}
	last := bytes.HasSuffix(source, []byte("\n"))
	split := bytes.Split(source, []byte("\n"))
	if last {
		split = split[:len(split)-1]
	}
	for i, line := range split {
		text := bytes.TrimLeft(line, "\x00")
		dropped += int64(len(line) - len(text))
		if len(text) == 0 && i == len(split)-1 && !last {
			break // only zero bytes
		}
		whole := len(text)
		text = bytes.TrimSuffix(text, []byte("\r"))
		cut := len(text) > timeline.MaxLine
		if cut {
			text = text[:timeline.MaxLine]
			dropped += int64(whole - timeline.MaxLine)
		}
		lines = append(lines, got{Text: string(text), Number: i + 1, Cut: cut})
	}
	return lines, dropped
}

// The splitter returns each byte of each line exactly once, or counts it as dropped.
func FuzzReader(f *testing.F) {
	f.Add([]byte("a\nb\r\n\n\x00c"), uint8(1), uint16(0))
	f.Add([]byte("\xEF\xBB\xBF[{\"a\":1},\n{\"b\":\"]\"}]\n"), uint8(3), uint16(7))
	f.Add([]byte("{\"a\":1}\n\x00\x00"), uint8(200), uint16(9000))
	f.Add([]byte("x\n"), uint8(0), uint16(40000))
	f.Add([]byte("[{\xC5\n\xB2"), uint8(0), uint16(0))
	for _, tt := range wrapped {
		f.Add([]byte(tt.line+"\n"+tt.line), uint8(16), uint16(1))
	}
	f.Fuzz(func(t *testing.T, source []byte, step uint8, repeat uint16) {
		if n := int(repeat) * len(source); n > 0 && n < 3<<20 {
			source = bytes.Repeat(source, int(repeat))
		}
		var src io.Reader = bytes.NewReader(source)
		if len(source) < 10_000 {
			src = &stepped{src, int(step) + 1}
		}
		lines, dropped := timeline.SplitLines(src)
		want, wantDropped := naiveLines(source)
		if !timeline.BeginsArray(source) {
			if len(want) != len(lines) {
				t.Fatalf("%d lines, want %d", len(lines), len(want))
			}
			for i := range want {
				if want[i].Text != lines[i] {
					t.Fatalf("line %d is %.100q, want %.100q", i, lines[i], want[i].Text)
				}
			}
			if dropped != wantDropped {
				t.Fatalf("%d bytes dropped, want %d", dropped, wantDropped)
			}
			return
		}
		// The splitter returns all of an array except brackets, commas and white space.
		if have, all := skeleton([]byte(strings.Join(lines, ""))), skeleton(source); dropped == 0 && have != all {
			t.Fatalf("bytes of an array: %.200q, want %.200q", have, all)
		}
	})
}

// skeleton returns b without a byte order mark, brackets, commas and white space. It looks at
// bytes and not at characters, because the bytes around a line end may become one character when
// the line end is removed.
func skeleton(b []byte) string {
	b = bytes.TrimPrefix(b, []byte("\xEF\xBB\xBF"))
	var s strings.Builder
	for _, c := range b {
		if strings.IndexByte("[],\n\r\t ", c) < 0 {
			s.WriteByte(c)
		}
	}
	return s.String()
}

// stepped reads at most n bytes at a time.
type stepped struct {
	r io.Reader
	n int
}

func (s *stepped) Read(p []byte) (int, error) { return s.r.Read(p[:min(len(p), s.n)]) }

// A Reader returns each part of a cut line exactly once, however streams are mixed.
func FuzzReaderJoins(f *testing.F) {
	f.Add("aPb F", uint8(3))
	f.Add("\x00\x01\x02\x03\x12\x21\x30", uint8(40))
	f.Fuzz(func(t *testing.T, plan string, streams uint8) {
		n := int(streams)%40 + 1
		var source strings.Builder
		want := map[string]string{}
		for i := range len(plan) {
			container := "c" + strconv.Itoa(int(plan[i]>>2)%n)
			tag := []string{"P", "F", "P", "P"}[plan[i]&3]
			stream := []string{"stdout", "stderr"}[plan[i]>>1&1]
			part := string(rune('a' + i%26))
			source.WriteString("[pod/p/" + container + "] 2026-11-26T10:11:12Z " + stream + " " + tag + " " + part + stream[3:4] + "\n")
			want[container+stream[3:4]] += part
		}
		have := map[string]string{}
		for _, g := range gotOf(t, source.String()) {
			for i := 0; i < len(g.Text); i += 2 {
				have[g.Service+g.Text[i+1:i+2]] += g.Text[i : i+1]
			}
		}
		assert.Equal(t, want, have)
	})
}
