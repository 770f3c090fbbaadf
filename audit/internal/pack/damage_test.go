package pack_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"example.com/clew/audit/internal/pack"
	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/internal/storetest"
	"example.com/clew/audit/internal/table"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// write writes a segment's bytes to a file.
func write(tb testing.TB, data []byte) string {
	tb.Helper()
	path := filepath.Join(tb.TempDir(), "x.sealed")
	require.NoError(tb, os.WriteFile(path, data, 0o600))
	return path
}

func header(id string) []byte { return segment.AppendHeader(nil, segment.Header{ID: id, App: "app"}) }

// blockOf returns a block with the records of n events.
func blockOf(n int) []byte {
	p := make([]byte, segment.BlockHead)
	for i := range n {
		p = event{us: int64(i), message: "m", pairs: []string{"k", fmt.Sprint(i)}}.append(p)
	}
	segment.PutBlockHead(p)
	return p
}

func join(parts ...[]byte) (all []byte) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func TestDamage(t *testing.T) {
	head, ten := header(segment.NewID(1, 2)), blockOf(10)
	flipped := join(ten)
	flipped[len(flipped)-1] ^= 1
	badRecord := make([]byte, segment.BlockHead)
	badRecord = event{message: "m"}.append(event{message: "m"}.append(badRecord))
	badRecord[segment.BlockHead+4] |= 0x80 // an unknown flag
	segment.PutBlockHead(badRecord)
	for _, tt := range []struct {
		name    string
		data    []byte
		events  int
		damaged int
	}{
		{"a header without blocks", head, 0, 0},
		{"two whole blocks", join(head, ten, ten), 20, 0},
		{"zeros of a preallocated file", join(head, ten, make([]byte, 1000)), 10, 0},
		{"a segment that is cut in a block", join(head, ten, ten[:len(ten)-1]), 10, len(ten) - 1},
		// Three bytes follow the whole block. The last two are zeros, which are not counted.
		{"a segment that is cut in a block's head", join(head, ten, ten[:3]), 10, 1},
		{"a changed bit in a block", join(head, ten, flipped, ten), 10, 2 * len(ten)},
		{"a record with an unknown flag", join(head, ten, badRecord, ten), 10, len(badRecord) - segment.BlockHead + len(ten)},
		{"a block after the end of the segment", join(head, ten, make([]byte, 8), ten), 10, 8 + len(ten)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, _ := roundTrip(t, write(t, tt.data))
			assert.Equal(t, tt.events, r.Events)
			assert.EqualValues(t, tt.damaged, r.Damaged)
		})
	}
}

func TestNoSegment(t *testing.T) {
	ours := header(segment.NewID(1, 2))
	newer := join(ours)
	newer[7]++
	for _, tt := range []struct {
		name string
		data []byte
		want error
	}{
		{"an empty file", nil, segment.ErrNotOurs},
		{"another file", []byte("PAR1 and so on"), segment.ErrNotOurs},
		{"a file that is cut in the header", ours[:len(ours)-1], segment.ErrNotOurs},
		{"a newer version", newer, segment.ErrNewer},
		{"an ID that is a path", header("../../../../../../../etc/passwd_"), segment.ErrNotOurs},
		{"an ID that is empty", header(""), segment.ErrNotOurs},
	} {
		t.Run(tt.name, func(t *testing.T) {
			store := new(storetest.Memory)
			r, err := pack.Segment(t.Context(), store, write(t, tt.data))
			require.ErrorIs(t, err, tt.want)
			assert.Contains(t, err.Error(), "x.sealed")
			assert.Zero(t, r)
			assert.Empty(t, store.Files())
		})
	}
	_, err := pack.Segment(t.Context(), new(storetest.Memory), filepath.Join(t.TempDir(), "none"))
	require.ErrorIs(t, err, os.ErrNotExist)
}

// A copy of a segment may have been made while the segment was written, and then has fewer events.
// Its files do not replace the files of the whole segment. A damaged file is replaced.
func TestCopyOfASegment(t *testing.T) {
	all := []event{{us: 0}, {us: 1}, {us: 2}, {us: 300e6}, {us: 301e6}}
	whole := segmentOf(t, "app", all)
	part := segmentOf(t, "app", []event{all[0], all[3], all[4]})
	store := new(storetest.Memory)
	_, err := pack.Segment(t.Context(), store, whole)
	require.NoError(t, err)
	want := store.Files()
	require.Len(t, want, 2)
	r, err := pack.Segment(t.Context(), store, part)
	require.NoError(t, err)
	assert.Equal(t, 3, r.Events)
	assert.Equal(t, want, store.Files())

	for name := range want {
		require.NoError(t, store.Put(t.Context(), name, strings.NewReader("damaged"), 7))
	}
	_, err = pack.Segment(t.Context(), store, whole)
	require.NoError(t, err)
	assert.Equal(t, want, store.Files())
}

// The store is full when the second of three files is written. The same Packer can later write all
// files.
func TestStoreFails(t *testing.T) {
	path := segmentOf(t, "app", []event{{us: 0}, {us: 300e6}, {us: 600e6}})
	p := pack.NewPacker()
	store := &storetest.Memory{FailAt: 4} // open, put, open, put
	r, err := p.Segment(t.Context(), store, path)
	require.ErrorIs(t, err, storetest.ErrFail)
	assert.Equal(t, 1, r.Files)
	assert.Len(t, store.Files(), 1)

	again := store.Copy()
	r, err = p.Segment(t.Context(), again, path)
	require.NoError(t, err)
	assert.Equal(t, 3, r.Files)
	assert.Len(t, again.Files(), 3)
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	store := new(storetest.Memory)
	_, err := pack.Segment(ctx, store, write(t, join(header(segment.NewID(1, 2)), blockOf(10))))
	require.ErrorIs(t, err, context.Canceled)
	assert.Empty(t, store.Files())
}

func TestManyMessages(t *testing.T) {
	for _, n := range []int{10_000, 10_001} {
		var events []event
		for i := range n {
			events = append(events,
				event{app: "b", message: fmt.Sprint("b ", i)}, event{message: fmt.Sprint("own ", i)},
				event{app: "few", message: fmt.Sprint(i % 9000)}, event{app: "b", message: "b 0"})
		}
		path := segmentOf(t, "app", events)
		store := new(storetest.Memory)
		r, err := pack.Segment(t.Context(), store, path)
		require.NoError(t, err)
		for _, data := range store.Files() {
			apps, _ := open(t, data).Lookup(table.MetaManyMessages)
			if n <= 10_000 {
				assert.Empty(t, r.ManyMessages)
				assert.Empty(t, apps)
			} else {
				assert.Equal(t, []string{"app", "b"}, r.ManyMessages)
				assert.Equal(t, `["app","b"]`, apps)
			}
		}
	}
}

// FuzzSegment packs segments whose blocks contain arbitrary bytes, but have valid checksums.
func FuzzSegment(f *testing.F) {
	for _, tt := range hostile {
		var p []byte
		for _, e := range tt.events {
			p = e.append(p)
		}
		if len(p) < 200_000 { // long seeds would be slow
			f.Add(p, uint16(len(p)/2))
		}
	}
	f.Add([]byte("no record"), uint16(0))
	f.Fuzz(func(t *testing.T, records []byte, cut uint16) {
		data := header(segment.NewID(1, 2))
		n := min(int(cut), len(records))
		for _, part := range [][]byte{records[:n], records[n:]} {
			if len(part) > 0 && len(part) <= segment.MaxBlock {
				block := join(make([]byte, segment.BlockHead), part)
				segment.PutBlockHead(block)
				data = append(data, block...)
			}
		}
		roundTrip(t, write(t, data))
	})
}

// If a block is damaged, the segment is packed up to this block. If the header is damaged, the
// file is not a segment.
func TestDamageAnywhere(t *testing.T) {
	whole := join(header(segment.NewID(1, 2)), blockOf(10), blockOf(10), blockOf(10))
	random := rand.New(rand.NewPCG(1, 2))
	dir := t.TempDir()
	path := filepath.Join(dir, "x.sealed")
	for range 2000 {
		data := join(whole)
		if random.IntN(2) == 0 {
			data = data[:random.IntN(len(data))]
		} else {
			data[random.IntN(len(data))] ^= 1 << random.IntN(8)
		}
		require.NoError(t, os.WriteFile(path, data, 0o600))
		if _, _, err := segment.ReadHeader(data); err != nil {
			_, err := pack.Segment(t.Context(), new(storetest.Memory), path)
			require.Error(t, err)
			continue
		}
		r, _ := roundTrip(t, path)
		require.Contains(t, []int{0, 10, 20, 30}, r.Events)
	}
}
