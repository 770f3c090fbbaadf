package timeline_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/internal/timeline"
)

// found is an entry that the type slow has found.
type found struct {
	number int
	text   string
}

// slow finds entries without a search: it parses each line, and keeps the entries with the ID.
type slow struct{ found []found }

func (s *slow) parse(r io.Reader, number int) error {
	text, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	var (
		last   *found
		cut    [2]*found
		finish = func() {
			if last != nil && hasID(last.text) {
				s.found = append(s.found, *last)
			}
			last = nil
		}
		emit = func(f found, begins bool) {
			if !begins && last != nil {
				last.text += "\n" + f.text
				return
			}
			finish()
			last = &f
		}
	)
	lines := strings.SplitAfter(string(text), "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	for i, line := range lines {
		line = strings.TrimRight(line, "\r\n")
		text, stream, partial := unwrapped(line)
		if f := cut[stream]; f != nil {
			f.text += text
			if !partial {
				emit(*f, true)
				cut[stream] = nil
			}
			continue
		}
		f := found{number + i, text}
		if partial {
			cut[stream] = &f
			continue
		}
		emit(f, timeline.Begins([]byte(line)))
	}
	for _, f := range cut {
		if f != nil {
			emit(*f, true)
		}
	}
	finish()
	return nil
}

// unwrapped removes the wrappers of CRI, Docker and journald from a line.
func unwrapped(line string) (text string, stream int, partial bool) {
	if parts := strings.SplitN(line, " ", 4); len(parts) == 4 && strings.HasPrefix(parts[1], "std") {
		if parts[1] == "stderr" {
			stream = 1
		}
		return parts[3], stream, parts[2] == "P"
	}
	var fields map[string]any
	if json.Unmarshal([]byte(line), &fields) != nil {
		return line, 0, false
	}
	if log, ok := fields["log"].(string); ok {
		return strings.TrimSuffix(log, "\n"), 0, !strings.HasSuffix(log, "\n")
	}
	if numbers, ok := fields["MESSAGE"].([]any); ok {
		var b []byte
		for _, n := range numbers {
			b = append(b, byte(n.(float64)))
		}
		return string(b), 0, false
	}
	decoded, _ := json.Marshal(fields)
	return string(decoded), 0, false
}

func hasID(text string) bool {
	lower := strings.ToLower(text)
	return strings.Contains(lower, searched16) || strings.Contains(lower, searched10)
}

func formsOfSearched() *timeline.Search {
	return timeline.NewSearch(formsOf(searched, searched16, searched10))
}

// generator makes lines of all kinds. Few of them have the ID.
type generator struct {
	rnd    *rand.Rand
	b      bytes.Buffer
	docker bool
}

func (g *generator) id() string {
	switch g.rnd.IntN(12) {
	case 0:
		return searched
	case 1:
		return searched16
	case 2:
		return strings.ToUpper(searched)
	case 3:
		return searched10
	case 4:
		return searched16[:15] // almost the ID
	}
	return fmt.Sprintf("%016x", g.rnd.Uint64())
}

func (g *generator) clock() string {
	return fmt.Sprintf("2026-11-26T10:11:%02d.%06dZ", g.rnd.IntN(60), g.rnd.IntN(1e6))
}

func (g *generator) escapedID() string {
	id := g.id()
	at := g.rnd.IntN(len(id))
	return fmt.Sprintf(`%s\u%04x%s`, id[:at], id[at], id[at+1:])
}

// pieces cuts a text into pieces, and calls write for each one. After some pieces it calls
// interrupt, which writes a line of the other stream.
func (g *generator) pieces(text string, write func(piece string, partial bool), interrupt func()) {
	for {
		n := 1 + g.rnd.IntN(len(text))
		write(text[:n], n < len(text))
		if text = text[n:]; text == "" {
			return
		}
		if g.rnd.IntN(3) == 0 {
			interrupt()
		}
	}
}

func (g *generator) line() {
	switch kind := g.rnd.IntN(10); kind {
	case 0:
		fmt.Fprintf(&g.b, `{"time":"%s","trace_id":"%s","message":"a"}`+"\n", g.clock(), g.id())
	case 1:
		fmt.Fprintf(&g.b, `{"time":"%s","trace_id":"%s","message":"a\u003cb"}`+"\n", g.clock(), g.escapedID())
	case 2:
		fmt.Fprintf(&g.b, "%s ERROR [%s] failed\n", g.clock(), g.id())
		for range g.rnd.IntN(5) {
			fmt.Fprintf(&g.b, "\tat com.example.Shop(%s)\n", g.id())
		}
		if g.rnd.IntN(2) == 0 {
			fmt.Fprintf(&g.b, "Caused by: %s\r\n\n", g.id())
		}
	case 3:
		numbers := fmt.Sprint([]byte("\x1b[31m" + g.id() + "\x1b[0m"))
		fmt.Fprintf(&g.b, `{"_PID":"7","MESSAGE":%s,"PRIORITY":"6"}`+"\n", strings.ReplaceAll(numbers, " ", ","))
	case 4:
		fmt.Fprintf(&g.b, `{"__CURSOR":"7","MESSAGE" : "id %s","PRIORITY":"6"}`+"\n", g.id())
	case 5, 6:
		stream := g.rnd.IntN(2)
		cri := func(stream int, text, tag string) {
			fmt.Fprintf(&g.b, "%s %s %s %s\n", g.clock(), []string{"stdout", "stderr"}[stream], tag, text)
		}
		g.pieces("10:11:12 a 10:11:12 line 10:11:12 with "+g.id(), func(piece string, partial bool) {
			cri(stream, piece, map[bool]string{true: "P", false: "F"}[partial])
		}, func() { cri(1-stream, "the other "+g.id(), "F") })
	case 7:
		if !g.docker {
			return
		}
		docker := func(text string) {
			quoted, _ := json.Marshal(text)
			fmt.Fprintf(&g.b, `{"log":%s,"stream":"stdout","time":"%s"}`+"\n", quoted, g.clock())
		}
		text := strings.Repeat("x", 16<<10) + g.id()
		at := len(text) - g.rnd.IntN(30)
		docker(text[:at])
		docker(text[at:] + "\n")
	default:
		fmt.Fprintf(&g.b, `{"level":"info","time":"%s","trace_id":"%016x","message":"%s"}`+"\n", g.clock(), g.rnd.Uint64(), strings.Repeat("m", g.rnd.IntN(200)))
	}
}

// A search with Find gives the same entries as a parser that reads each line. Each entry comes
// once, with the same number and text.
func TestFindEqualsSlow(t *testing.T) {
	all, passed := 0, 0
	for seed := range uint64(64) {
		g := generator{rnd: rand.New(rand.NewPCG(seed, 5)), docker: seed%8 == 0}
		for range 200 + g.rnd.IntN(400) {
			g.line()
		}
		text := g.b.Bytes()
		if seed%2 == 0 {
			text = bytes.TrimRight(text, "\n")
		}
		var want, got slow
		require.NoError(t, want.parse(bytes.NewReader(text), 1))
		size := 8<<10 + g.rnd.IntN(8<<10)
		if g.docker {
			size = 256 << 10
		}
		n, err := timeline.FindIn(size, iotest.HalfReader(bytes.NewReader(text)), formsOfSearched(), nil, got.parse)
		require.NoError(t, err)
		require.Equal(t, want.found, got.found, "seed %d", seed)
		all += len(want.found)
		passed += n
	}
	assert.Greater(t, all, 1_500)
	assert.Greater(t, passed, 1_500, "number of lines that Find passed over without parsing")
}

func TestFind(t *testing.T) {
	filler := strings.Repeat(`{"time":"2026-11-26T10:11:12Z","message":"nothing"}`+"\n", timeline.HeadLines)
	line := `{"time":"2026-11-26T10:11:12Z","message":"nothing"}` + "\n"
	hit := "2026-11-26T10:11:12Z ERROR " + searched + "\n"
	tests := []struct {
		name string
		text string

		// want has the pieces that are parsed after the first HeadLines lines. Each text in want
		// begins with the number of the piece's first line.
		want   []string
		passed int // the number of lines that Find passed over without parsing
	}{
		{"no hit", line, nil, 1},
		{"a hit", line + hit + line, []string{"102 " + hit}, 2},
		{"a hit in a last line without a newline", line + strings.TrimSpace(hit), []string{"102 " + strings.TrimSpace(hit)}, 1},
		{"a stack trace behind a hit", hit + "\tat a\nCaused by: b\n\n\tat c\n" + line, []string{"101 " + hit + "\tat a\nCaused by: b\n\n\tat c\n"}, 1},
		{"a hit in a stack trace", line + "10:11:12 ERROR failed\n\tat a\n\tid " + searched16 + "\n\tat c\n" + line,
			[]string{"102 10:11:12 ERROR failed\n\tat a\n\tid " + searched16 + "\n\tat c\n"}, 2},
		{"two hits in a row", hit + hit + line + hit, []string{"101 " + hit + hit, "104 " + hit}, 1},
		{"an ID cut in two", line + "2026-11-26T10:11:12.123456789Z stdout P 10:11:12 e1be46a9\n2026-11-26T10:11:12.123456789Z stderr F x\n2026-11-26T10:11:12.123456789+01:00 stdout F 94272793\n" + line,
			[]string{"101 " + line + "2026-11-26T10:11:12.123456789Z stdout P 10:11:12 e1be46a9\n2026-11-26T10:11:12.123456789Z stderr F x\n2026-11-26T10:11:12.123456789+01:00 stdout F 94272793\n"}, 1},
		{"a line that is never finished", line + "2026-11-26T10:11:12.123456789Z stdout P 10:11:12 e1be46a9\n" + line,
			[]string{"101 " + line + "2026-11-26T10:11:12.123456789Z stdout P 10:11:12 e1be46a9\n" + line}, 0},
		{"an escape that is no part of an ID", `{"message":"a \u003c b \u0026 c"}` + "\n", nil, 1},
		{"an escape that may be part of an ID", `{"id":"\u0065"}` + "\n", []string{`101 {"id":"\u0065"}` + "\n"}, 0},
		{"an escape at the end", `{"id":"\u00`, nil, 1},
		{"a message of the journal that is a text", `{"_PID":"1","MESSAGE":"[1,2]"}` + "\n", nil, 1},
		{"a message of the journal that is an array", `{ "_PID" : "1", "MESSAGE" : [ 1, 2 ] }` + "\n", []string{`101 { "_PID" : "1", "MESSAGE" : [ 1, 2 ] }` + "\n"}, 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			passed, err := timeline.Find(strings.NewReader(filler+test.text), formsOfSearched(), nil, func(r io.Reader, number int) error {
				text, err := io.ReadAll(r)
				if number == 1 {
					if text = bytes.TrimPrefix(text, []byte(filler)); len(text) == 0 {
						return err
					}
					number += timeline.HeadLines
				}
				got = append(got, fmt.Sprintf("%d %s", number, text))
				return err
			})
			require.NoError(t, err)
			assert.Equal(t, test.want, got)
			assert.Equal(t, test.passed, passed)
		})
	}
}

// A JSON array is parsed whole, because a line of it is no entry.
func TestFindInArray(t *testing.T) {
	for _, text := range []string{"[{}]", "\xef\xbb\xbf [\n  {\"a\": 1},\n" + strings.Repeat("  {\"a\": 1},\n", 10_000) + "  {}\n]\n"} {
		calls := 0
		passed, err := timeline.FindIn(4096, strings.NewReader(text), formsOfSearched(), nil, func(r io.Reader, number int) error {
			calls++
			got, err := io.ReadAll(r)
			assert.Equal(t, text, string(got))
			assert.Equal(t, 1, number)
			return err
		})
		require.NoError(t, err)
		assert.Equal(t, 1, calls)
		assert.Zero(t, passed)
	}
}

// A line that begins with a prefix in brackets begins no array.
func TestFindBehindBrackets(t *testing.T) {
	text := strings.Repeat("[worker 1] 10:11:12 a line\n", 1000)
	passed, err := timeline.Find(strings.NewReader(text), formsOfSearched(), nil, func(io.Reader, int) error { return nil })
	require.NoError(t, err)
	assert.Equal(t, 1000-timeline.HeadLines, passed)
}

// A source with mixed lines of several instances is parsed whole.
func TestFindInMixed(t *testing.T) {
	for _, line := range []string{"[pod/shop-1/shop] 10:11:12 a line\n", "shop-1    | a line\n", "Nov 26 10:11:12 host shop[7]: a line\n"} {
		text := "not marked\n" + strings.Repeat(line, 10_000)
		calls := 0
		passed, err := timeline.FindIn(4096, strings.NewReader(text), formsOfSearched(), nil, func(r io.Reader, number int) error {
			calls++
			got, err := io.ReadAll(r)
			assert.Equal(t, text, string(got))
			return err
		})
		require.NoError(t, err)
		assert.Equal(t, 1, calls, line)
		assert.Zero(t, passed)
	}
}

// If a line is longer than the buffer, Find searches only its beginning, as far as half the
// buffer. Without a hit there, Find skips the line.
func TestFindInLongLines(t *testing.T) {
	const size = 4096
	long := strings.Repeat("x", 3*size)
	text := "short\n" + long[:size*3/4] + searched + long + "\n" + searched + long + "\n" + long + searched + "\n10:11:12 " + searched + "\n" + long
	var numbers []int
	passed, err := timeline.FindIn(size, strings.NewReader(text), formsOfSearched(), nil, func(r io.Reader, number int) error {
		numbers = append(numbers, number)
		return nil
	})
	require.NoError(t, err)
	assert.Equal(t, []int{1, 3, 5}, numbers)
	assert.Equal(t, 3, passed)
}

func TestFindErrors(t *testing.T) {
	broken := errors.New("the disk is broken")
	t.Run("the reader fails", func(t *testing.T) {
		for _, end := range []error{broken, io.ErrUnexpectedEOF} {
			var got slow
			r := io.MultiReader(strings.NewReader(searched+"\n"), iotest.ErrReader(end))
			_, err := timeline.Find(r, formsOfSearched(), nil, got.parse)
			assert.ErrorIs(t, err, end)
			assert.Len(t, got.found, 1, "number of hits before the error")
		}
	})
	t.Run("the reader returns its error only once", func(t *testing.T) {
		r := &sayOnce{text: "[{", err: broken}
		_, err := timeline.Find(r, formsOfSearched(), nil, new(slow).parse)
		assert.ErrorIs(t, err, broken)
	})
	t.Run("the reader fails in an array", func(t *testing.T) {
		r := io.MultiReader(strings.NewReader("[{"), iotest.ErrReader(broken))
		_, err := timeline.Find(r, formsOfSearched(), nil, new(slow).parse)
		assert.ErrorIs(t, err, broken)
	})
	t.Run("parse fails", func(t *testing.T) {
		_, err := timeline.Find(strings.NewReader(searched), formsOfSearched(), nil, func(io.Reader, int) error { return broken })
		assert.ErrorIs(t, err, broken)
	})
}

// sayOnce is a reader that returns its error once, and then io.EOF.
type sayOnce struct {
	text string
	err  error
}

func (s *sayOnce) Read(p []byte) (int, error) {
	n, err := copy(p, s.text), s.err
	s.text, s.err = "", io.EOF
	return n, err
}

// Find loses no line: whatever the input is, each line is parsed or skipped, in order.
func FuzzFind(f *testing.F) {
	f.Add([]byte("a\n"+searched+"\n\tb\n"), uint16(100))
	f.Add([]byte("2026-11-26T10:11:12.123456789Z stdout P x\n"), uint16(10))
	f.Add([]byte(`{"log":"x","stream":"stdout"}`+"\n"+`{"_A":1,"MESSAGE":[`), uint16(20))
	f.Add([]byte("[{\n\n"), uint16(3))
	f.Add([]byte(`\u0031\u005c\u00`), uint16(3))
	f.Fuzz(func(t *testing.T, text []byte, size uint16) {
		want := bytes.Count(text, []byte("\n"))
		if len(text) > 0 && text[len(text)-1] != '\n' {
			want++
		}
		parsed, next := 0, 1
		passed, err := timeline.FindIn(int(size)+2, bytes.NewReader(text), formsOfSearched(), nil, func(r io.Reader, number int) error {
			lines, err := io.ReadAll(r)
			n := bytes.Count(lines, []byte("\n"))
			if len(lines) > 0 && lines[len(lines)-1] != '\n' {
				n++
			}
			if number < next || n == 0 && number > 1 {
				t.Fatalf("parse was called with number %d and %d lines; want a number of at least %d, and at least one line", number, n, next)
			}
			parsed += n
			next = number + n
			return err
		})
		if err != nil || parsed+passed != want {
			t.Fatalf("of %d lines, %d were parsed and %d were skipped; error: %v", want, parsed, passed, err)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	json := bytes.Repeat(logLines(40_000), 4)
	docker, cri := new(bytes.Buffer), new(bytes.Buffer)
	for line := range bytes.Lines(json) {
		fmt.Fprintf(docker, `{"log":%q,"stream":"stdout","time":"2026-11-26T10:11:12.123456789Z"}`+"\n", line)
		fmt.Fprintf(cri, "2026-11-26T10:11:12.123456789Z stdout F %s", line)
	}
	for _, bench := range []struct {
		name string
		text []byte
	}{{"JSON", json}, {"Docker", docker.Bytes()}, {"CRI", cri.Bytes()}} {
		b.Run(bench.name, func(b *testing.B) {
			b.SetBytes(int64(len(bench.text)))
			for b.Loop() {
				_, err := timeline.Find(bytes.NewReader(bench.text), formsOfSearched(), nil, func(io.Reader, int) error { return nil })
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
