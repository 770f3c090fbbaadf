package lake_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPartition(t *testing.T) {
	for _, tt := range []struct {
		name string
		time time.Time
		want string
	}{
		{"the beginning of a partition", time.Date(2026, 11, 27, 4, 15, 0, 0, time.UTC), "year=2026/month=11/day=27/hour=04/minute=15/"},
		{"the end of a partition", time.Date(2026, 11, 27, 4, 19, 59, 999_999_999, time.UTC), "year=2026/month=11/day=27/hour=04/minute=15/"},
		{"another zone", time.Date(2026, 1, 1, 0, 2, 0, 0, time.FixedZone("", 3600)), "year=2025/month=12/day=31/hour=23/minute=00/"},
		{"a zone with half an hour", time.Date(2026, 1, 1, 0, 2, 0, 0, time.FixedZone("", 1800+60)), "year=2025/month=12/day=31/hour=23/minute=30/"},
		{"before 1970", time.Date(1969, 12, 31, 23, 59, 59, 0, time.UTC), "year=1969/month=12/day=31/hour=23/minute=55/"},
		{"the zero time", time.Time{}, "year=0001/month=01/day=01/hour=00/minute=00/"},
		{"before the year 1", time.Date(-3, 5, 6, 7, 8, 9, 0, time.UTC), "year=0001/month=01/day=01/hour=00/minute=00/"},
		{"the earliest time", time.UnixMicro(-1 << 63), "year=0001/month=01/day=01/hour=00/minute=00/"},
		{"after the year 9999", time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), "year=9999/month=12/day=31/hour=23/minute=55/"},
		{"the latest time", time.UnixMicro(1<<63 - 1), "year=9999/month=12/day=31/hour=23/minute=55/"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := lake.Partition(tt.time)
			assert.Equal(t, tt.want, got)
			for _, name := range []string{got, got + "x.parquet"} {
				begin, ok := lake.PartitionTime(name)
				assert.True(t, ok)
				assert.Equal(t, got, lake.Partition(begin))
				assert.Equal(t, begin, begin.Truncate(lake.PartitionSpan))
			}
		})
	}
}

func TestPartitionTimeOfOtherNames(t *testing.T) {
	for _, name := range []string{
		"", "x", "/", "year=2026/", "year=2026/month=11/day=27/hour=04/minute=15",
		"year=2026/month=11/day=27/hour=04/minute=16/", "year=2026/month=11/day=31/hour=04/minute=15/",
		"year=2026/month=11/day=27/hour=24/minute=15/", "year=2026/month=11/day=27/hour=04/minute=15x",
		"year=0000/month=01/day=01/hour=00/minute=00/", "year=2026/month=1/day=27/hour=004/minute=15/",
		"YEAR=2026/month=11/day=27/hour=04/minute=15/", "year=+026/month=11/day=27/hour=04/minute=15/",
	} {
		begin, ok := lake.PartitionTime(name)
		assert.False(t, ok, name)
		assert.Zero(t, begin, name)
	}
}

// For every time, FloorPartition returns the time that PartitionTime reads from the name of the
// partition.
func TestFloorPartition(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	times := []int64{math.MinInt64, math.MaxInt64, 0, -1, time.Time{}.UnixMicro(), time.Time{}.UnixMicro() - 1,
		time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro() - 1, time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()}
	for range 10_000 {
		times = append(times, r.Int64()-r.Int64(), r.Int64N(4e15)-2e15)
	}
	for _, us := range times {
		begin, ok := lake.PartitionTime(lake.Partition(time.UnixMicro(us)))
		require.True(t, ok)
		require.Equal(t, begin.UnixMicro(), lake.FloorPartition(us), us)
	}
}
