package lake

import "time"

// timeRange is a range of time in microseconds: from since on, before until.
type timeRange struct{ since, until int64 }

const partitionMicros = int64(PartitionSpan / time.Microsecond)

// firstPartition and lastPartition are where the partitions begin that hold all before the year 1
// and all after the year 9999: see Partition.
var (
	firstPartition = time.Time{}.UnixMicro()
	lastPartition  = time.Date(9999, 12, 31, 23, 55, 0, 0, time.UTC).UnixMicro()
)

// floorPartition returns the time at which the partition of a time begins. Journals ask for each
// event: the time's text, as Partition makes it, would cost more than all else.
func floorPartition(us int64) int64 {
	us = min(max(us, firstPartition), lastPartition) - firstPartition
	return us - us%partitionMicros + firstPartition
}
