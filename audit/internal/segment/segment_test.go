package segment_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/clew/audit/internal/made"
	"example.com/clew/audit/internal/segment"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func block(records ...[]byte) []byte {
	b := make([]byte, segment.BlockHead)
	for _, r := range records {
		b = append(b, r...)
	}
	segment.PutBlockHead(b)
	return b
}

func record(message string, pairs ...string) []byte {
	b := segment.Begin(nil, 7, nil, "", message)
	for i := 0; i < len(pairs); i += 2 {
		b = segment.AppendPair(b, pairs[i], pairs[i+1])
	}
	segment.End(b, 0)
	return b
}

// read returns the bytes of each record in a segment's longest valid prefix.
func read(file []byte) (records [][]byte) {
	_, blocks, err := segment.ReadHeader(file)
	if err != nil {
		return nil
	}
	for all, rest, ok := segment.NextBlock(blocks); ok; all, rest, ok = segment.NextBlock(rest) {
		for len(all) > 0 {
			_, more, ok := segment.Next(all)
			if !ok {
				break
			}
			records = append(records, all[:len(all)-len(more)])
			all = more
		}
	}
	return records
}

func TestHeader(t *testing.T) {
	h := segment.Header{ID: segment.NewID(1, 2), App: "media-api"}
	good := segment.AppendHeader([]byte("before"), h)[len("before"):]
	got, blocks, err := segment.ReadHeader(append(slices.Clone(good), "blocks"...))
	require.NoError(t, err)
	assert.Equal(t, h, got)
	assert.Equal(t, "blocks", string(blocks))

	for i := range good {
		_, _, err := segment.ReadHeader(good[:i])
		assert.ErrorIs(t, err, segment.ErrNotOurs, "cut at %d", i)
	}
	long := segment.AppendHeader(nil, segment.Header{App: strings.Repeat("a", 5000)})
	_, _, err = segment.ReadHeader(long)
	assert.ErrorIs(t, err, segment.ErrNotOurs, "a header of 5000 bytes")
	for version, want := range map[string]error{"2": segment.ErrNewer, "9": segment.ErrNewer, "0": segment.ErrNotOurs, "a": segment.ErrNotOurs} {
		_, _, err := segment.ReadHeader([]byte("clewaud" + version + "…"))
		assert.ErrorIs(t, err, want, "version %s", version)
	}
}

func TestNextBlock(t *testing.T) {
	good := block(record("m"))
	records, rest, ok := segment.NextBlock(append(slices.Clone(good), "rest"...))
	require.True(t, ok)
	assert.Equal(t, good[segment.BlockHead:], records)
	assert.Equal(t, "rest", string(rest))
	huge := slices.Clone(good)
	binary.LittleEndian.PutUint32(huge, segment.MaxBlock+1)
	for name, bad := range map[string][]byte{
		"no bytes": nil, "zeros": make([]byte, 100), "a cut block": good[:len(good)-1], "only a head": good[:segment.BlockHead], "a length that is too large": huge,
	} {
		_, _, ok := segment.NextBlock(bad)
		assert.False(t, ok, name)
	}
}

func TestNextRefuses(t *testing.T) {
	change := func(at int, to byte) []byte {
		b := record("message", "key", "value")
		b[at] = to
		return b
	}
	names := segment.Begin(nil, 7, nil, "", "m", "filter")
	names = names[:len(names)-1]
	segment.End(names, 0)
	for name, bad := range map[string][]byte{
		"no bytes":                       nil,
		"a length that is too small":     change(0, 8),
		"a length beyond the end":        change(0, 200),
		"a trace ID of 24 bytes":         change(4, 3),
		"an unknown flag":                change(4, 1<<4),
		"a message beyond the end":       change(13, 100),
		"names beyond the end":           names,
		"a flag for names without names": change(4, 1<<3), // the pair's bytes are read as names
	} {
		_, _, ok := segment.Next(bad)
		assert.False(t, ok, name)
	}
}

func TestLongStrings(t *testing.T) {
	for _, n := range []int{0, 127, 128, 16383, 16384, 1 << 20} {
		value := strings.Repeat("v", n)
		r, rest, ok := segment.Next(record(value, value, value))
		require.True(t, ok, n)
		assert.Empty(t, rest)
		assert.Equal(t, value, string(r.Message))
		for k, v := range r.Pairs() {
			assert.Equal(t, []string{value, value}, []string{string(k), string(v)})
		}
	}
}

func TestNewIDSortsByTime(t *testing.T) {
	assert.Equal(t, "0006459dbc0f4fc000000000000000ff", segment.NewID(0x6459dbc0f4fc0, 255))
	assert.Less(t, segment.NewID(1, 1<<63), segment.NewID(2, 0))
}

// journal returns a segment with this number of blocks. For each block, ends contains the offset
// of its end, and counts contains the number of records up to this offset.
func journal(seed uint64, blocks int) (file []byte, ends, counts []int) {
	g := made.New(seed, time.Date(2026, 11, 27, 4, 10, 0, 0, time.UTC), 1000)
	file = segment.AppendHeader(nil, segment.Header{ID: segment.NewID(1, seed), App: "app"})
	n := 0
	for i := range blocks {
		var records [][]byte
		for range 1 + i%7 {
			records = append(records, g.Next().AppendRecord(nil))
			n++
		}
		file = append(file, block(records...)...)
		ends, counts = append(ends, len(file)), append(counts, n)
	}
	return file, ends, counts
}

// If a file is damaged, read returns the records of the blocks before the damage, and no others.
func TestDamage(t *testing.T) {
	const journals = 10_000
	random := rand.New(rand.NewPCG(1, 2))
	seen := map[string]int{}
	type whole struct {
		file         []byte
		ends, counts []int
		records      [][]byte
	}
	wholes := make([]whole, 40)
	for i := range wholes {
		w := &wholes[i]
		w.file, w.ends, w.counts = journal(uint64(i), 1+i%20)
		w.records = read(w.file)
	}
	for i := range journals {
		w := wholes[i%len(wholes)]
		file, ends, counts, all := slices.Clone(w.file), w.ends, w.counts, w.records
		at, damage := random.IntN(len(file)), ""
		switch random.IntN(4) {
		case 0:
			file, damage = file[:at], "cut"
		case 1:
			file[at] ^= 1 << random.IntN(8)
			damage = "one bit"
		case 2:
			end := min(len(file), at+512)
			clear(file[at:end])
			damage = "zeros"
			if bytes.Equal(bytes.Join(all, nil), bytes.Join(read(file), nil)) {
				continue // the bytes were zeros before, so there is no damage
			}
		case 3:
			file = append(file[:at:at], file[min(len(file), at+1+random.IntN(100)):]...)
			damage = "a piece is missing"
		}
		want := 0
		for b, end := range ends {
			if end <= at {
				want = counts[b]
			}
		}
		got := read(file)
		require.Equal(t, want, len(got), "records of journal %d, %s at %d", i, damage, at)
		require.True(t, slices.EqualFunc(all[:want], got, bytes.Equal), "records of journal %d, %s at %d", i, damage, at)
		seen[fmt.Sprint(damage, want > 0)]++
	}
	assert.Len(t, seen, 8, "each kind of damage must occur with and without records before it: %v", seen)
}

// FuzzRead checks that a reader does not panic or read beyond the end, whatever the bytes are. If
// a record is read, written and read again, its content is the same.
func FuzzRead(f *testing.F) {
	file, _, _ := journal(1, 5)
	f.Add(file)
	f.Add(file[:len(file)-3])
	f.Add([]byte("clewaud2"))
	f.Add(block(record("m", "k", "v")))
	f.Fuzz(func(t *testing.T, p []byte) {
		read(p)
		if h, blocks, err := segment.ReadHeader(p); err == nil {
			require.Equal(t, p[:len(p)-len(blocks)], segment.AppendHeader(nil, h))
		}
		if records, rest, ok := segment.NextBlock(p); ok {
			require.Equal(t, len(p), segment.BlockHead+len(records)+len(rest))
		}
		// The records are also read without a block, because a fuzzer does not find valid
		// checksums.
		for rest := p; ; {
			r, more, ok := segment.Next(rest)
			if !ok {
				return
			}
			require.Less(t, len(more), len(rest))
			again(t, &r)
			rest = more
		}
	})
}

func again(t *testing.T, r *segment.Record) {
	var names []string
	for name := range r.Names() {
		names = append(names, string(name))
	}
	b := segment.Begin(nil, r.Time, r.TraceID, string(r.App), string(r.Message), names...)
	pairs := 0
	for key, value := range r.Pairs() {
		b = segment.AppendPair(b, string(key), string(value))
		pairs++
	}
	segment.End(b, 0)
	r2, rest, ok := segment.Next(b)
	require.True(t, ok)
	require.Empty(t, rest)
	require.Equal(t, r.Time, r2.Time)
	require.Equal(t, r.TraceID, r2.TraceID)
	require.Equal(t, string(r.App), string(r2.App))
	require.Equal(t, string(r.Message), string(r2.Message))
	for key, value := range r2.Pairs() {
		_, _ = key, value
		pairs--
	}
	require.Zero(t, pairs)
}
