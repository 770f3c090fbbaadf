package lake_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"example.com/clew/audit/internal/storetest"
	"example.com/clew/audit/internal/table"
	"example.com/clew/audit/lake"
	"github.com/parquet-go/parquet-go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const ttl = 14 * 24 * time.Hour

func TestExpire(t *testing.T) {
	ours := file(t, 1, 10, table.Meta{})
	newer := newerForm(ours)
	var theirs bytes.Buffer
	require.NoError(t, parquet.Write(&theirs, []struct{ A int }{{1}}))
	old := lake.Partition(start)
	young := lake.Partition(start.Add(5 * time.Minute))
	now := start.Add(lake.PartitionSpan + ttl)
	s := new(storetest.Memory)
	for name, data := range map[string][]byte{
		old + id(1) + ".parquet":                    ours,
		old + id(1) + "-0123456789abcdef.parquet":   ours,
		old + id(2) + ".parquet":                    newer,
		old + id(3) + ".parquet":                    theirs.Bytes(),
		old + id(4) + ".parquet":                    ours[:len(ours)-1],
		old + id(5) + ".parquet":                    nil,
		old + "theirs.parquet":                      ours,
		old + id(6) + ".json":                       ours,
		old + id(6)[1:] + ".parquet":                ours,
		old + strings.ToUpper(id(10)) + ".parquet":  ours,
		old + id(6) + "_0123456789abcdef.parquet":   ours,
		old + "sub/" + id(6) + ".parquet":           ours,
		id(6) + ".parquet":                          ours,
		"year=2020/" + id(6) + ".parquet":           ours,
		young + id(7) + ".parquet":                  ours,
		lake.Partition(now) + id(8) + ".parquet":    ours,
		"year=9999/month=12/day=31/hour=23/x":       ours,
		strings.Replace(old, "15", "16", 1) + id(9): ours,
	} {
		add(t, s, name, data)
	}
	before := s.Files()
	got, err := lake.Expire(t.Context(), s, ttl, now)
	require.NoError(t, err)
	var gone []string
	for name := range before {
		if _, ok := s.Files()[name]; !ok {
			gone = append(gone, name)
		}
	}
	assert.ElementsMatch(t, []string{
		old + id(1) + ".parquet", old + id(1) + "-0123456789abcdef.parquet", old + id(2) + ".parquet",
	}, gone)
	require.Len(t, got.Left, 3)
	assert.Equal(t, old+id(3)+".parquet", got.Left[0].Name)
	require.ErrorIs(t, got.Left[0].Err, table.ErrNotOurs)
	got.Left = nil
	assert.Equal(t, lake.Expired{Files: 3, Bytes: int64(3 * len(ours))}, got)
}

func TestExpireABitEarlier(t *testing.T) {
	s := small(t, 1)
	got, err := lake.Expire(t.Context(), s, ttl, start.Add(lake.PartitionSpan+ttl-1))
	require.NoError(t, err)
	assert.Zero(t, got)
	assert.Len(t, s.Files(), 1)
}

func TestExpireErrors(t *testing.T) {
	now := start.Add(2 * ttl)
	for _, wrong := range []time.Duration{0, -1} {
		s := small(t, 1)
		_, err := lake.Expire(t.Context(), s, wrong, now)
		require.Error(t, err)
		assert.Len(t, s.Files(), 1)
	}
	s := small(t, 2).Copy()
	_, unlock, err := s.Lock(t.Context())
	require.NoError(t, err)
	_, err = lake.Expire(t.Context(), s, ttl, now)
	require.ErrorIs(t, err, lake.ErrLocked)
	require.NoError(t, unlock())

	s = small(t, 2).Copy()
	s.FailAt = 6 // lock, list, open, delete, open, delete
	got, err := lake.Expire(t.Context(), s, ttl, now)
	require.ErrorIs(t, err, storetest.ErrFail)
	assert.Equal(t, 1, got.Files)
	assert.Len(t, s.Files(), 1)

	s = small(t, 2).Copy()
	s.LoseAt = 6
	_, err = lake.Expire(t.Context(), s, ttl, now)
	require.ErrorIs(t, err, storetest.ErrLost)
	assert.Len(t, s.Files(), 1)
}

func TestExpireRemovesDirectories(t *testing.T) {
	path := t.TempDir()
	dir := lake.Dir(path)
	add(t, dir, part+id(1)+".parquet", file(t, 1, 10, table.Meta{}))
	_, err := lake.Expire(t.Context(), dir, ttl, start.Add(2*ttl))
	require.NoError(t, err)
	assert.Equal(t, []string{"_compact.lock"}, onDisk(t, path))
}
