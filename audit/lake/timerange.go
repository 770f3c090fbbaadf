package lake

import "time"

// timeRange is a range of time in microseconds: from since on, before until.
type timeRange struct{ since, until int64 }

const partitionMicros = int64(PartitionSpan / time.Microsecond)

// firstPartition and lastPartition are the beginnings of the partitions that have all events
// before the year 1 and after the year 9999: see Partition.
var (
	firstPartition = time.Time{}.UnixMicro()
	lastPartition  = time.Date(9999, 12, 31, 23, 55, 0, 0, time.UTC).UnixMicro()
)

// floorPartition returns the time at which the partition of a time begins. A search of a journal
// calls it for each event. Partition would cost more than all else there, because it makes a text.
func floorPartition(us int64) int64 {
	us = min(max(us, firstPartition), lastPartition) - firstPartition
	return us - us%partitionMicros + firstPartition
}
