package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/audit/internal/storetest"
	parquet "example.com/clew/audit/internal/table"
	"example.com/clew/audit/lake"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.String()
}

// put writes an object into a directory. No reader sees a part of the object.
func put(t *testing.T, dir, name, text string) {
	t.Helper()
	require.NoError(t, lake.Dir(dir).Put(t.Context(), name, strings.NewReader(text), int64(len(text))))
}

// eventsOf returns n events as lines of JSON. Their items are object.0, object.1 and so on.
func eventsOf(object string, n int) string {
	var text strings.Builder
	for i := range n {
		text.WriteString(event(time.Duration(i)*time.Second, firstTrace, "shop", "received", fmt.Sprintf(`"item":"%s.%d"`, object, i)))
	}
	return text.String()
}

// itemsOf counts each item in all rows of all Parquet files of a directory, as an SQL engine does.
// Unlike clew's readers, it does not skip replaced files.
func itemsOf(t *testing.T, dir string) map[string]int {
	t.Helper()
	items := map[string]int{}
	for _, name := range parquetFiles(t, dir) {
		data, err := os.ReadFile(name)
		require.NoError(t, err)
		s, err := parquet.OpenSource(bytes.NewReader(data), int64(len(data)))
		require.NoError(t, err)
		for err = s.Next(); err == nil; err = s.Next() {
			for key, value := range s.Record().Pairs() {
				if string(key) == "item" {
					items[string(value)]++
				}
			}
		}
		require.ErrorIs(t, err, io.EOF)
		s.Close()
	}
	return items
}

// once returns the count 1 for each item of the objects. Each object has n events.
func once(n int, objects ...string) map[string]int {
	items := map[string]int{}
	for _, object := range objects {
		for i := range n {
			items[fmt.Sprintf("%s.%d", object, i)] = 1
		}
	}
	return items
}

// treeOf returns the contents of all files below a directory, by name.
func treeOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[name] = string(data)
		return err
	}))
	return files
}

// countFiles counts the files below a directory, while the directory may change.
func countFiles(dir string) (n int) {
	filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			n++
		}
		return nil
	})
	return n
}

func TestIngestObjects(t *testing.T) {
	from, to := t.TempDir(), filepath.Join(t.TempDir(), "lake")
	encoder, err := zstd.NewWriter(nil)
	require.NoError(t, err)
	defer encoder.Close()
	put(t, from, "2026/11/27/04/audit-1", eventsOf("plain", 100))
	put(t, from, "2026/11/27/04/audit-2", gzipped(t, eventsOf("gzip", 100)))
	put(t, from, "2026/11/27/05/audit-3.gz", gzipped(t, eventsOf("twice", 50))+gzipped(t, strings.ReplaceAll(eventsOf("again", 50), "}\n", "}")))
	put(t, from, "audit-4", string(encoder.EncodeAll([]byte(eventsOf("zstd", 100)), nil)))
	put(t, from, "audit-5", "")
	require.NoError(t, os.WriteFile(filepath.Join(from, ".audit-6"), []byte(eventsOf("hidden", 1)), 0o600))

	r := clewAudit(t, "", "ingest", from, "-d", to)
	assert.Equal(t, "clew-audit: 5 objects read: 400 lines, 400 events written in "+fmt.Sprint(len(parquetFiles(t, to)))+" files\n", r.err)
	assert.Equal(t, exitFound, r.code)
	want := once(100, "plain", "gzip", "zstd")
	maps.Copy(want, once(50, "twice", "again"))
	assert.Equal(t, want, itemsOf(t, to))
	assert.Equal(t, "400\n", clewAudit(t, "", "find", "-d", to, "--count").out)
	assert.Equal(t, "received", shown(clewAudit(t, "", "find", "-d", to, "item=gzip.7").out))

	before := treeOf(t, to)
	r = clewAudit(t, "", "ingest", from, "-d", to)
	assert.Equal(t, "clew-audit: 0 objects read, 5 done before: 0 lines, 0 events written in 0 files\n", r.err)
	assert.Equal(t, exitFound, r.code)
	assert.Equal(t, before, treeOf(t, to))

	// If the ledger is deleted, all objects are read again, into files of the same names.
	require.NoError(t, os.RemoveAll(filepath.Join(to, "_ingested")))
	put(t, from, "2026/11/27/06/audit-7", eventsOf("late", 1))
	r = clewAudit(t, "", "ingest", from, "-d", to)
	assert.Contains(t, r.err, "clew-audit: 6 objects read: 401 lines, 401 events written in ")
	maps.Copy(want, once(1, "late"))
	assert.Equal(t, want, itemsOf(t, to))
}

// Events without a time get the time of their object, so that a second ingest makes the same
// events.
func TestIngestObjectsWithoutTime(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	put(t, from, "a", `{"message":"received","item":"XYZ.123"}`+"\n"+`{"message":"received"}`)
	at := start.Truncate(time.Second)
	require.NoError(t, os.Chtimes(filepath.Join(from, "a"), at, at))
	require.Equal(t, exitFound, clewAudit(t, "", "ingest", from, "-d", to, "--app", "shop").code)
	r := clewAudit(t, "", "find", "-d", to, "XYZ.123", "-o", "json")
	assert.Equal(t, `{"timestamp":"`+at.Format("2006-01-02T15:04:05.000000Z")+`","trace_id":"","app":"shop","message":"received","context":{"item":"XYZ.123"},"trace_names":[]}`+"\n", r.out)
}

func TestIngestBadObjects(t *testing.T) {
	whole := gzipped(t, eventsOf("cut", 100))
	tests := []struct {
		name, text string
		code       int
		err        string // a part of the messages
		items      map[string]int
	}{
		{name: "a cut gzip stream", text: whole[:len(whole)/2], code: exitIncomplete, err: "z is left for the next time: unexpected EOF", items: map[string]int{}},
		{name: "a gzip stream with a wrong checksum", text: whole[:len(whole)-8] + "\x00\x01\x02\x03" + whole[len(whole)-4:], code: exitIncomplete, err: "z is left for the next time: gzip: invalid checksum", items: map[string]int{}},
		{name: "only the first two bytes of a gzip stream", text: "\x1f\x8b", code: exitIncomplete, err: "z is left for the next time: ", items: map[string]int{}},
		{name: "an xz file", text: "\xfd7zXZ\x00", code: exitIncomplete, err: "z is left for the next time: this is xz, which clew-audit does not read: xzcat FILE | clew-audit ingest", items: map[string]int{}},
		{name: "bad lines", text: "nonsense\n" + eventsOf("z", 2) + "{}\n", code: exitNothing, err: "clew-audit: z: line 1 skipped: it is not JSON: invalid character 'o' in literal null (expecting 'u')\nclew-audit: z: line 4 skipped: it has no message\n", items: once(2, "z")},
		{name: "a large event", text: `{"app":"a","message":"` + strings.Repeat("x", 500<<10) + `"}` + "\n" + eventsOf("z", 1), code: exitNothing, err: "clew-audit: z: line 1 skipped: the event cannot be written: it has 512001 bytes, and the limit is 262136\n", items: once(1, "z")},
		{name: "a JSON object that is too long, on a line with others", text: strings.ReplaceAll(eventsOf("z", 1)+tooLong+eventsOf("z", 3), "}\n", "}"), code: exitNothing, err: "clew-audit: z: line 2 skipped: it is longer than 1048576 bytes\n", items: map[string]int{"z.0": 2, "z.1": 1, "z.2": 1}},
		{name: "a line with an escape sequence", text: "{\"\x1b[31m\n", code: exitNothing, err: "z: line 1 skipped: it is not JSON: " + inString + afterInString(), items: map[string]int{}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			from, to := t.TempDir(), t.TempDir()
			put(t, from, "a", eventsOf("a", 3))
			put(t, from, "z", test.text)
			put(t, from, "zz", eventsOf("zz", 3))
			r := clewAudit(t, "", "ingest", from, "-d", to)
			assert.Equal(t, test.code, r.code, r.err)
			assert.Contains(t, r.err, test.err)
			maps.Copy(test.items, once(3, "a", "zz"))
			assert.Equal(t, test.items, itemsOf(t, to))
			again := clewAudit(t, "", "ingest", from, "-d", to)
			if test.code == exitIncomplete {
				assert.Contains(t, r.err, "clew-audit: 2 objects read, 1 left for the next time: ")
				assert.Equal(t, exitIncomplete, again.code)
				put(t, from, "z", whole) // replaces the object by one that can be read
				require.Equal(t, exitFound, clewAudit(t, "", "ingest", from, "-d", to).code)
				assert.Equal(t, 100+6, len(itemsOf(t, to)))
				return
			}
			assert.Equal(t, exitFound, again.code, "the second run does not read the object again")
		})
	}
}

// An object whose lines have no app is not done, so a later run with --app reads it.
func TestIngestObjectsWithoutApp(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	put(t, from, "a", `{"message":"received"}`+"\n"+`{"message":"sent"}`+"\n")
	r := clewAudit(t, "", "ingest", from, "-d", to)
	assert.Equal(t, exitIncomplete, r.code)
	assert.Contains(t, r.err, "a is left for the next time: it has no app: give one with --app")
	r = clewAudit(t, "", "ingest", from, "-d", to, "--app", "shop")
	assert.Equal(t, exitFound, r.code, r.err)
	assert.Contains(t, r.err, "2 events written")
}

// The process is killed twenty times, at different moments. In the end, an SQL engine finds each
// event once, and so does clew-audit.
func TestIngestObjectsKilled(t *testing.T) {
	from, to := t.TempDir(), t.TempDir()
	names := []string{}
	for i := range 25 {
		name := fmt.Sprintf("o%d", i)
		names = append(names, name)
		put(t, from, "2026/11/27/"+name, gzipped(t, eventsOf(name, 900))) // 900 seconds are in three or four partitions
	}
	killed := 0
	for ; killed < 20; killed++ {
		cmd := process(t, "ingest", from, "-d", to)
		have := countFiles(to)
		require.NoError(t, cmd.Start())
		for countFiles(to) <= have+killed%4 {
			time.Sleep(100 * time.Microsecond)
		}
		require.NoError(t, cmd.Process.Kill())
		require.Error(t, cmd.Wait(), "the process must be killed before it is done")
	}
	r := clewAudit(t, "", "ingest", from, "-d", to)
	require.Equal(t, exitFound, r.code, r.err)
	assert.Equal(t, once(900, names...), itemsOf(t, to))
	assert.Equal(t, fmt.Sprint(25*900)+"\n", clewAudit(t, "", "find", "-d", to, "--count").out)
}

// inMemory returns a value of the type objects whose stores are in memory, and the buffer that its
// messages go to.
func inMemory(source, target, ledger *storetest.Memory) (*objects, *bytes.Buffer) {
	var said bytes.Buffer
	return &objects{std: streams{err: &said}, source: source, target: target, ledger: ledger, said: map[string]bool{}}, &said
}

func putIn(t *testing.T, m *storetest.Memory, name, text string) {
	t.Helper()
	require.NoError(t, m.Put(t.Context(), name, strings.NewReader(text), int64(len(text))))
}

// For each call of the target and of the ledger, one run fails before this call has an effect, and
// another run fails after the call has had its effect. The next run finishes the work.
func TestIngestObjectsFails(t *testing.T) {
	source := new(storetest.Memory)
	for i := range 3 {
		putIn(t, source, fmt.Sprintf("o%d", i), eventsOf(fmt.Sprintf("o%d", i), 400))
	}
	target, ledger := new(storetest.Memory), new(storetest.Memory)
	whole, _ := inMemory(source, target, ledger)
	require.NoError(t, whole.pass(t.Context()))
	for _, half := range []bool{false, true} {
		for at := 1; at <= target.Calls()+ledger.Calls(); at++ {
			failing, marks := &storetest.Memory{Half: half, FailAt: at}, &storetest.Memory{Half: half}
			if at > target.Calls() {
				failing.FailAt, marks.FailAt = 0, at-target.Calls()
			}
			o, said := inMemory(source, failing, marks)
			assert.Equal(t, exitIncomplete, o.run(t.Context(), 0))
			assert.Contains(t, said.String(), storetest.ErrFail.Error())
			o, _ = inMemory(source, failing.Copy(), marks.Copy())
			require.Equal(t, exitFound, o.run(t.Context(), 0))
			assert.Equal(t, target.Files(), o.target.(*storetest.Memory).Files())
			assert.Equal(t, ledger.Files(), o.ledger.(*storetest.Memory).Files())
		}
	}
}

// Three ingests at the same time do no harm.
func TestIngestObjectsTwice(t *testing.T) {
	source, target, ledger := new(storetest.Memory), new(storetest.Memory), new(storetest.Memory)
	for i := range 10 {
		putIn(t, source, fmt.Sprintf("o%d", i), eventsOf(fmt.Sprintf("o%d", i), 400))
	}
	codes := make(chan int)
	for range 3 {
		o, _ := inMemory(source, target, ledger)
		go func() { codes <- o.run(context.Background(), 0) }()
	}
	for range 3 {
		assert.Equal(t, exitFound, <-codes)
	}
	rows := int64(0)
	for _, data := range target.Files() {
		s, err := parquet.OpenSource(bytes.NewReader(data), int64(len(data)))
		require.NoError(t, err)
		rows += s.Rows
		s.Close()
	}
	assert.EqualValues(t, 4000, rows)
	assert.Len(t, ledger.Files(), 10)
}

// With --every, new objects are read when they appear, and an object that cannot be read is
// reported once. Only a signal ends ingest. The test uses no bubble of synctest, because
// lake.Write keeps encoders with channels in a pool, and other tests use them too.
func TestIngestObjectsEvery(t *testing.T) {
	source, target, ledger := new(storetest.Memory), new(storetest.Memory), new(storetest.Memory)
	o, said := inMemory(source, target, ledger)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan int)
	putIn(t, source, "bad", "\x1f\x8b nothing")
	go func() { ended <- o.run(ctx, time.Millisecond) }()
	for i := range 3 {
		putIn(t, source, fmt.Sprintf("o%d", i), eventsOf(fmt.Sprintf("o%d", i), 5))
		require.Eventually(t, func() bool { return len(ledger.Files()) == i+1 }, time.Minute, time.Millisecond)
	}
	stop()
	assert.Equal(t, exitIncomplete, <-ended)
	assert.Equal(t, 1, strings.Count(said.String(), "bad is left for the next time: "), said)
	assert.Equal(t, 3, strings.Count(said.String(), ": 5 lines, 5 events written in "), said)
}

// lockedBuffer is a text that one goroutine writes and another one takes.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// taken returns the text that was written since the last call.
func (b *lockedBuffer) taken() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	defer b.text.Reset()
	return b.text.String()
}

// Each new object that cannot be read is reported, even if many objects have failed in earlier
// passes. A pass reports at most 20.
func TestIngestObjectsEveryBad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		source, target, ledger := new(storetest.Memory), new(storetest.Memory), new(storetest.Memory)
		o, _ := inMemory(source, target, ledger)
		said := &lockedBuffer{}
		o.std.err = said
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan int)
		go func() { ended <- o.run(ctx, time.Minute) }()
		synctest.Wait()
		for _, tt := range []struct {
			bad            int // the number of bad objects in the source
			named, tallies int
			more           bool
		}{{bad: 21, named: 20, tallies: 1, more: true}, {bad: 21}, {bad: 22, named: 1, tallies: 1}, {bad: 22}, {bad: 20, tallies: 1}} {
			for i := range 30 {
				name := fmt.Sprintf("bad%02d", i)
				if _, there := source.Files()[name]; there && i >= tt.bad {
					require.NoError(t, source.Delete(ctx, name))
				} else if !there && i < tt.bad {
					putIn(t, source, name, "\x1f\x8b nothing")
				}
			}
			said.taken()
			time.Sleep(time.Minute)
			synctest.Wait()
			text := said.taken()
			assert.Equal(t, tt.named, strings.Count(text, "is left for the next time: "), text)
			assert.Equal(t, tt.tallies, strings.Count(text, fmt.Sprintf(", %d left for the next time", tt.bad)), text)
			assert.Equal(t, tt.more, strings.Contains(text, "more objects are left, and are only counted"), text)
		}
		stop()
		assert.Equal(t, exitIncomplete, <-ended)
	})
}

// After a signal, the object that is being read is not done. The next run reads it.
func TestIngestObjectsSignal(t *testing.T) {
	source, target, ledger := new(storetest.Memory), new(storetest.Memory), new(storetest.Memory)
	putIn(t, source, "o", eventsOf("o", 5000))
	o, said := inMemory(source, target, ledger)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	assert.Equal(t, exitInterrupted, o.run(ctx, 0))
	assert.Equal(t, "clew-audit: 0 objects read: 0 lines, 0 events written in 0 files\n", said.String())
	assert.Empty(t, target.Files())
	assert.Empty(t, ledger.Files())
}

func TestObjectID(t *testing.T) {
	f := lake.File{Name: "2026/11/27/04/audit-1", Size: 100, Modified: time.Unix(1764216900, 123456789)}
	others := []lake.File{f, f, f, f}
	others[1].Name += "2"
	others[2].Size++
	others[3].Modified = f.Modified.Add(1)
	var ids []string
	for _, f := range others {
		id := objectID(f)
		assert.True(t, lake.IsSegmentID(id), id)
		ids = append(ids, id)
	}
	assert.Equal(t, ids[0], objectID(f))
	slices.Sort(ids)
	assert.Len(t, slices.Compact(ids), 4)
	assert.Less(t, objectID(f), objectID(lake.File{Modified: f.Modified.Add(time.Second)}))
	assert.True(t, lake.IsSegmentID(objectID(lake.File{})))
}

func TestHolds(t *testing.T) {
	tests := []struct {
		store, other string
		want         bool
	}{
		{"a", "a", true}, {"a", "./a/", true}, {"a", "a/b", true}, {".", "a", true}, {"a", "ab", false}, {"a/b", "a", false}, {"a/../b", "b/c", true},
		{"s3://b/p", "s3://b/p/", true}, {"s3://b/p", "s3://b/p/q", true}, {"s3://b/p", "s3://b/pq", false}, {"s3://b", "s3://b/p", true}, {"s3://b/p", "b/p", false},
	}
	for _, test := range tests {
		assert.Equal(t, test.want, includes(test.store, test.other), "%s %s", test.store, test.other)
	}
	assert.Equal(t, "s3://b/p/_ingested", within("s3://b/p/", "_ingested"))
	assert.Equal(t, filepath.Join("a", "_ingested"), within("a/", "_ingested"))
}

// Names that begin with _ or a dot, and names of directories, are skipped in a bucket, too.
func TestIngestObjectsHidden(t *testing.T) {
	source, target, ledger := new(storetest.Memory), new(storetest.Memory), new(storetest.Memory)
	for _, name := range []string{"_temporary/a", "2026/.b", "2026/", "o"} {
		putIn(t, source, name, eventsOf("o", 1))
	}
	o, said := inMemory(source, target, ledger)
	assert.Equal(t, exitFound, o.run(t.Context(), 0))
	assert.Equal(t, "clew-audit: 1 object read: 1 line, 1 event written in 1 file\n", said.String())
}

// growing is a store whose objects grow between List and Open.
type growing struct{ *storetest.Memory }

func (g growing) Open(ctx context.Context, name string) (lake.Reader, error) {
	more := g.Files()[name]
	more = append(more[:len(more):len(more)], "{}\n"...)
	if err := g.Put(ctx, name, bytes.NewReader(more), int64(len(more))); err != nil {
		return nil, err
	}
	return g.Memory.Open(ctx, name)
}

func TestIngestObjectsThatGrow(t *testing.T) {
	source, target, ledger := new(storetest.Memory), new(storetest.Memory), new(storetest.Memory)
	putIn(t, source, "o", eventsOf("o", 1))
	o, said := inMemory(source, target, ledger)
	o.source = growing{source}
	assert.Equal(t, exitIncomplete, o.run(t.Context(), 0))
	assert.Contains(t, said.String(), "o is left for the next time: it has changed since it was listed\n")
	assert.Empty(t, target.Files())
}
