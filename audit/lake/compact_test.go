package lake_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/clew/audit/internal/made"
	"example.com/clew/audit/internal/raced"
	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/internal/storetest"
	"example.com/clew/audit/internal/table"
	"example.com/clew/audit/lake"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var start = time.Date(2026, 1, 27, 4, 15, 0, 0, time.UTC)

// file returns a Parquet file of n synthetic events, the first of which is at start.
func file(tb testing.TB, seed uint64, n int, meta table.Meta) []byte {
	tb.Helper()
	g := made.New(seed, start, 20_000)
	type record struct {
		bytes []byte
		view  segment.Record
	}
	var all []record
	for range n {
		p := g.Next().AppendRecord(nil)
		r, _, ok := segment.Next(p)
		require.True(tb, ok)
		all = append(all, record{p, r})
	}
	slices.SortFunc(all, func(a, b record) int {
		if c := bytes.Compare(a.view.TraceID, b.view.TraceID); c != 0 {
			return c
		}
		return int(a.view.Time - b.view.Time)
	})
	w := table.NewWriter()
	for _, r := range all {
		require.NoError(tb, w.Add(&r.view, nil))
	}
	return w.Finish(meta)
}

// id returns the ID of the segment n.
func id(n int) string { return segment.NewID(start.UnixMicro(), uint64(n)) }

const part = "year=2026/month=01/day=27/hour=04/minute=15/"

// small returns a store with n files in the partition part. File i has 100 * (i + 1) events.
func small(tb testing.TB, n int) *storetest.Memory {
	tb.Helper()
	s := new(storetest.Memory)
	for i := range n {
		add(tb, s, part+id(i)+".parquet", file(tb, uint64(i), 100*(i+1), table.Meta{Segment: id(i)}))
	}
	return s
}

func add(tb testing.TB, s lake.Store, name string, data []byte) {
	tb.Helper()
	require.NoError(tb, s.Put(tb.Context(), name, bytes.NewReader(data), int64(len(data))))
}

// events returns the rows that a reader of s finds, as texts, and how often each row occurs. As
// the readers of clew do, it skips a file that another file of its partition replaces.
func events(tb testing.TB, s *storetest.Memory) map[string]int {
	tb.Helper()
	files := s.Files()
	replaced := map[string]bool{}
	for name, data := range files {
		if f, err := parquet.OpenFile(bytes.NewReader(data), int64(len(data))); err == nil {
			names, _ := f.Lookup(table.MetaReplaces)
			for _, other := range strings.Fields(names) {
				replaced[path.Dir(name)+"/"+other] = true
			}
		}
	}
	all := map[string]int{}
	for name, data := range files {
		if replaced[name] {
			continue
		}
		for _, row := range rows(tb, data) {
			all[fmt.Sprint(row)]++
		}
	}
	return all
}

func rows(tb testing.TB, data []byte) []table.Row {
	tb.Helper()
	r := parquet.NewGenericReader[table.Row](bytes.NewReader(data), table.Schema)
	all := make([]table.Row, r.NumRows())
	n, err := r.Read(all)
	if !errors.Is(err, io.EOF) {
		require.NoError(tb, err)
	}
	require.Len(tb, all, n)
	require.NoError(tb, r.Close())
	return all
}

// newerForm returns the file p as a newer version of clew would write it.
func newerForm(p []byte) []byte {
	return storetest.Seal(bytes.Replace(p, []byte("clew.form\x18\x011"), []byte("clew.form\x18\x012"), 1))
}

func fileNames(s *storetest.Memory) []string { return slices.Sorted(maps.Keys(s.Files())) }

func TestCompact(t *testing.T) {
	s := small(t, 3)
	want := events(t, s)
	other := strings.Replace(part, "15", "20", 1) + id(7) + ".parquet"
	add(t, s, other, file(t, 7, 10, table.Meta{})) // the only file in its partition
	add(t, s, part+"theirs.parquet", []byte("theirs"))
	got, err := lake.Compact(t.Context(), s, lake.CompactOptions{})
	require.NoError(t, err)
	assert.Equal(t, lake.Compacted{Merged: 3, Into: 1, Events: 600, Deleted: 3}, got)
	require.Len(t, s.Files(), 3)
	merged := fileNames(s)[0]
	assert.Regexp(t, "^"+part+id(0)+`-[0-9a-f]{16}\.parquet$`, merged)

	f, err := parquet.OpenFile(bytes.NewReader(s.Files()[merged]), int64(len(s.Files()[merged])))
	require.NoError(t, err)
	names, _ := f.Lookup(table.MetaReplaces)
	assert.Equal(t, id(0)+".parquet "+id(1)+".parquet "+id(2)+".parquet", names)
	_, ok := f.Lookup(table.MetaSegment)
	assert.False(t, ok)
	all := rows(t, s.Files()[merged])
	assert.True(t, slices.IsSortedFunc(all, func(a, b table.Row) int {
		if c := strings.Compare(a.TraceID, b.TraceID); c != 0 {
			return c
		}
		return int(a.Timestamp - b.Timestamp)
	}))
	require.NoError(t, s.Delete(t.Context(), other))
	require.NoError(t, s.Delete(t.Context(), part+"theirs.parquet"))
	assert.Equal(t, want, events(t, s))

	before := s.Files()
	got, err = lake.Compact(t.Context(), s, lake.CompactOptions{})
	require.NoError(t, err)
	assert.Zero(t, got)
	assert.Equal(t, before, s.Files())
}

// Files that arrive late are merged with the merged file. The new merged file replaces all of
// them.
func TestCompactTransitively(t *testing.T) {
	s, late := small(t, 2), small(t, 4)
	want := events(t, late)
	_, err := lake.Compact(t.Context(), s, lake.CompactOptions{})
	require.NoError(t, err)
	first := path.Base(fileNames(s)[0])
	for i := 2; i < 4; i++ {
		name := part + id(i) + ".parquet"
		add(t, s, name, late.Files()[name])
	}
	got, err := lake.Compact(t.Context(), s, lake.CompactOptions{})
	require.NoError(t, err)
	assert.Equal(t, lake.Compacted{Merged: 3, Into: 1, Events: 1000, Deleted: 3}, got)
	assert.Equal(t, want, events(t, s))

	// Segment 1 is packed again, as after a crash. Its file is deleted and not merged.
	name := part + id(1) + ".parquet"
	add(t, s, name, late.Files()[name])
	assert.Equal(t, want, events(t, s))
	got, err = lake.Compact(t.Context(), s, lake.CompactOptions{})
	require.NoError(t, err)
	assert.Equal(t, lake.Compacted{Deleted: 1}, got)
	assert.Equal(t, want, events(t, s))
	file, err := parquet.OpenFile(bytes.NewReader(s.Files()[fileNames(s)[0]]), int64(len(s.Files()[fileNames(s)[0]])))
	require.NoError(t, err)
	names, _ := file.Lookup(table.MetaReplaces)
	assert.ElementsMatch(t, []string{first, id(0) + ".parquet", id(1) + ".parquet", id(2) + ".parquet", id(3) + ".parquet"}, strings.Fields(names))
}

// For each call of the store, the process ends before the call in one run, and after it in another
// run. Every reader sees each event once at every time, and the next compaction finishes the work.
func TestCompactCrashes(t *testing.T) {
	sources := small(t, 3)
	want := events(t, sources)
	whole := sources.Copy()
	_, err := lake.Compact(t.Context(), whole, lake.CompactOptions{})
	require.NoError(t, err)
	for _, half := range []bool{false, true} {
		crashes := 0
		for at := 1; ; at++ {
			s := sources.Copy()
			s.FailAt, s.Half = at, half
			_, err := lake.Compact(t.Context(), s, lake.CompactOptions{})
			if err == nil && s.Calls() < at {
				break
			}
			crashes++
			require.Equal(t, want, events(t, s), "crash at %d", at)
			next := s.Copy()
			got, err := lake.Compact(t.Context(), next, lake.CompactOptions{})
			require.NoError(t, err)
			require.Empty(t, got.Left)
			require.Equal(t, want, events(t, next), "crash at %d", at)
			require.Equal(t, whole.Files(), next.Files(), "crash at %d", at)
		}
		require.Equal(t, 9, crashes) // calls: lock, list, open three files, put the merged file, delete three files
	}
}

// For each call of the store, one run loses the lock before this call. Afterwards the run changes
// nothing and returns the error of the lost lock, and the next compaction finishes the work.
func TestCompactLosesTheLock(t *testing.T) {
	sources := small(t, 3)
	want := events(t, sources)
	whole := sources.Copy()
	_, err := lake.Compact(t.Context(), whole, lake.CompactOptions{})
	require.NoError(t, err)
	for at := 2; at <= 9; at++ { // the calls of TestCompactCrashes after lock
		s := small(t, 3).Copy()
		s.LoseAt = at
		_, err := lake.Compact(t.Context(), s, lake.CompactOptions{})
		require.ErrorIs(t, err, storetest.ErrLost, "lost at %d", at)
		require.LessOrEqual(t, s.Calls(), at+2, "up to three calls had begun at the same time")
		require.Equal(t, want, events(t, s), "lost at %d", at)
		_, err = lake.Compact(t.Context(), s, lake.CompactOptions{})
		require.NoError(t, err, "Compact must release a lost lock")
		require.Equal(t, whole.Files(), s.Files(), "lost at %d", at)
	}
}

func TestCompactLeavesWhatItCannotRead(t *testing.T) {
	s := small(t, 4)
	name := func(n int) string { return part + id(n) + ".parquet" }
	cut := s.Files()[name(1)]
	add(t, s, name(1), cut[:len(cut)/2])
	flipped := bytes.Clone(s.Files()[name(2)])
	flipped[200] ^= 1 // in a page: its checksum is checked when rows are read
	add(t, s, name(2), flipped)
	newer := newerForm(s.Files()[name(3)])
	require.NotEqual(t, s.Files()[name(3)], newer)
	add(t, s, name(3), newer)
	add(t, s, name(5), file(t, 5, 50, table.Meta{}))
	var theirs bytes.Buffer
	require.NoError(t, parquet.Write(&theirs, []struct{ A int }{{1}}))
	add(t, s, name(6), theirs.Bytes())
	before := s.Files()

	got, err := lake.Compact(t.Context(), s, lake.CompactOptions{})
	require.NoError(t, err)
	left := map[string]error{}
	for _, l := range got.Left {
		left[l.Name] = l.Err
	}
	require.Len(t, left, 4)
	require.ErrorIs(t, left[name(1)], table.ErrDamaged)
	require.ErrorIs(t, left[name(2)], table.ErrDamaged)
	require.ErrorIs(t, left[name(3)], table.ErrNewer)
	require.ErrorIs(t, left[name(6)], table.ErrNotOurs)
	got.Left = nil
	assert.Equal(t, lake.Compacted{Merged: 2, Into: 1, Events: 150, Deleted: 2}, got)
	for n := range left {
		assert.Equal(t, before[n], s.Files()[n])
	}
	require.Len(t, s.Files(), 5)
}

// If a merged file cannot be read, Compact changes nothing, because the merged file may contain
// the events of all other files.
func TestCompactWithABrokenMergedFile(t *testing.T) {
	s := small(t, 3)
	sources := s.Files()
	_, err := lake.Compact(t.Context(), s, lake.CompactOptions{})
	require.NoError(t, err)
	merged := fileNames(s)[0]
	whole := s.Files()[merged]
	for _, tt := range []struct {
		name   string
		damage func([]byte) []byte
		left   error
	}{
		{"the end is cut", func(p []byte) []byte { return p[:len(p)-1] }, nil},
		{"a changed bit in a page", func(p []byte) []byte { p[200] ^= 1; return p }, nil},
		{"written by a newer version", newerForm, table.ErrNewer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := new(storetest.Memory)
			for name, data := range sources { // a process died before it deleted them
				add(t, s, name, data)
			}
			add(t, s, merged, tt.damage(bytes.Clone(whole)))
			before := s.Files()
			got, err := lake.Compact(t.Context(), s, lake.CompactOptions{})
			require.NoError(t, err)
			require.Len(t, got.Left, 1)
			assert.Equal(t, merged, got.Left[0].Name)
			if tt.left != nil {
				require.ErrorIs(t, got.Left[0].Err, tt.left)
			}
			got.Left = nil
			assert.Zero(t, got)
			assert.Equal(t, before, s.Files())
		})
	}
}

// A file whose list of replaced files contains its own name is not deleted.
func TestCompactFileThatReplacesItself(t *testing.T) {
	s := new(storetest.Memory)
	name := id(1) + "-0123456789abcdef.parquet"
	add(t, s, part+name, file(t, 1, 10, table.Meta{Replaces: []string{name}}))
	add(t, s, part+id(2)+".parquet", file(t, 2, 5<<10, table.Meta{}))
	_, err := lake.Compact(t.Context(), s, lake.CompactOptions{})
	require.NoError(t, err)
	require.Len(t, s.Files(), 1)
	assert.Len(t, rows(t, s.Files()[fileNames(s)[0]]), 10+5<<10)
}

func TestCompactAfter(t *testing.T) {
	for _, tt := range []struct {
		name  string
		begin time.Duration // the beginning of the partition, relative to now
		after time.Duration
		want  int
	}{
		{"the partition has not ended", 0, time.Nanosecond, 0},
		{"it ended less than an hour ago", -30 * time.Minute, 0, 0},
		{"it ended more than an hour ago", -70 * time.Minute, 0, 2},
		{"After is a nanosecond", -10 * time.Minute, time.Nanosecond, 2},
		{"After is two hours", -70 * time.Minute, 2 * time.Hour, 0},
		{"the partition is in the future", 24 * time.Hour, 0, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := new(storetest.Memory)
			in := lake.Partition(time.Now().Add(tt.begin))
			for i := range 2 {
				add(t, s, in+id(i)+".parquet", file(t, uint64(i), 10, table.Meta{}))
			}
			got, err := lake.Compact(t.Context(), s, lake.CompactOptions{After: tt.after})
			require.NoError(t, err)
			assert.Equal(t, tt.want, got.Merged)
		})
	}
}

// A partition with more files than the limit of one merge becomes one file in one call of Compact.
func TestCompactInGroups(t *testing.T) {
	s := new(storetest.Memory)
	one := file(t, 1, 3, table.Meta{})
	var replaced []string
	for i := range 129 { // two groups of 64, and one more file
		replaced = append(replaced, id(i)+".parquet")
		add(t, s, part+replaced[i], one)
	}
	got, err := lake.Compact(t.Context(), s, lake.CompactOptions{})
	require.NoError(t, err)
	assert.Equal(t, lake.Compacted{Merged: 129, Into: 1, Events: 387, Deleted: 129 + 2}, got)
	require.Len(t, s.Files(), 1)
	for _, n := range events(t, s) {
		require.Equal(t, 129, n)
	}
	data := s.Files()[fileNames(s)[0]]
	f, err := table.OpenSource(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	assert.Subset(t, f.Meta.Replaces, replaced)
	got, err = lake.Compact(t.Context(), s, lake.CompactOptions{})
	require.NoError(t, err)
	assert.Zero(t, got)
}

// In each run, the process ends at a different call of the store, while groups are merged. Every
// reader sees each event once at every time, and the next compaction finishes the work.
func TestCompactCrashesInGroups(t *testing.T) {
	whole := new(storetest.Memory)
	for i := range 66 {
		add(t, whole, part+id(i)+".parquet", file(t, uint64(i), 2, table.Meta{}))
	}
	want := events(t, whole)
	ends := whole.Copy()
	_, err := lake.Compact(t.Context(), ends, lake.CompactOptions{})
	require.NoError(t, err)
	for _, half := range []bool{false, true} {
		for at := 66; at <= ends.Calls(); at += 1 + (ends.Calls()-at)/raced.Or(3, 16) { // earlier calls read the 66 files
			s := whole.Copy()
			s.FailAt, s.Half = at, half
			if _, err := lake.Compact(t.Context(), s, lake.CompactOptions{}); err != nil { // there is no error if only an open failed: that file is left
				require.ErrorIs(t, err, storetest.ErrFail)
			}
			require.Equal(t, want, events(t, s), "crash at %d", at)
			next := s.Copy()
			_, err = lake.Compact(t.Context(), next, lake.CompactOptions{})
			require.NoError(t, err)
			require.Equal(t, want, events(t, next), "crash at %d", at)
			require.Len(t, next.Files(), 1, "crash at %d", at)
		}
	}
}

// padded returns a file with n more bytes in front of its footer.
func padded(file []byte, n int) []byte {
	at := len(file) - 8 - int(binary.LittleEndian.Uint32(file[len(file)-8:]))
	return storetest.Seal(slices.Concat(file[:at], make([]byte, n), file[at:]))
}

// large returns a file of 5 MB. Its values are random, so that zstd hardly compresses them.
func large(tb testing.TB) []byte {
	tb.Helper()
	w := table.NewWriter()
	data := make([]byte, 2_600_000)
	rand.NewChaCha8([32]byte{1}).Read(data)
	text := base64.StdEncoding.EncodeToString(data)
	p := segment.AppendPair(segment.Begin(nil, start.UnixMicro(), nil, "app", "m"), "k", text+text)
	p = segment.AppendPair(p, "l", text)
	segment.End(p, 0)
	r, _, ok := segment.Next(p)
	require.True(tb, ok)
	require.NoError(tb, w.Add(&r, nil))
	return w.Finish(table.Meta{})
}

func TestCompactKeepsLargeFiles(t *testing.T) {
	s := small(t, 1)
	five := large(t)
	require.Greater(t, len(five), 4<<20)
	require.Less(t, len(five), 8<<20)
	add(t, s, part+id(1)+".parquet", five)
	got, err := lake.Compact(t.Context(), s, lake.CompactOptions{})
	require.NoError(t, err)
	assert.Zero(t, got)
}

// Merged files are merged again up to a larger size than other files: 16 MB.
func TestCompactMergedFiles(t *testing.T) {
	s := small(t, 1)
	merged := func(n int) string { return part + id(n) + fmt.Sprintf("-%016x.parquet", n) }
	five := large(t)
	add(t, s, merged(1), five)
	add(t, s, merged(2), padded(five, 12<<20))
	require.Greater(t, len(s.Files()[merged(2)]), 16<<20)
	got, err := lake.Compact(t.Context(), s, lake.CompactOptions{})
	require.NoError(t, err)
	assert.Equal(t, lake.Compacted{Merged: 2, Into: 1, Events: 101, Deleted: 2}, got)
	assert.Contains(t, s.Files(), merged(2))
	got, err = lake.Compact(t.Context(), s, lake.CompactOptions{})
	require.NoError(t, err)
	assert.Zero(t, got, "a single small file is not merged with a large one")
}

func TestCompactManyMessages(t *testing.T) {
	s := new(storetest.Memory)
	add(t, s, part+id(1)+".parquet", file(t, 1, 10, table.Meta{ManyMessages: []string{"b", "c"}}))
	add(t, s, part+id(2)+".parquet", file(t, 2, 10, table.Meta{ManyMessages: []string{"a b", "c"}}))
	_, err := lake.Compact(t.Context(), s, lake.CompactOptions{})
	require.NoError(t, err)
	data := s.Files()[fileNames(s)[0]]
	f, err := table.OpenSource(bytes.NewReader(data), int64(len(data)))
	require.NoError(t, err)
	assert.Equal(t, []string{"a b", "b", "c"}, f.Meta.ManyMessages)
}

func TestCompactOnDisk(t *testing.T) {
	dir := lake.Dir(t.TempDir())
	want := small(t, 3)
	for name, data := range want.Files() {
		add(t, dir, name, data)
	}
	_, unlock, err := dir.Lock(t.Context())
	require.NoError(t, err)
	_, err = lake.Compact(t.Context(), dir, lake.CompactOptions{})
	require.ErrorIs(t, err, lake.ErrLocked)
	require.NoError(t, unlock())
	_, err = lake.Compact(t.Context(), dir, lake.CompactOptions{})
	require.NoError(t, err)
	_, err = lake.Compact(t.Context(), want, lake.CompactOptions{})
	require.NoError(t, err)
	assert.Equal(t, fileNames(want), names(t, dir, ""))
	for name, data := range want.Files() {
		assert.Equal(t, string(data), read(t, dir, name))
	}
}
