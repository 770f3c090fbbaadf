package lake

import "time"

// timeRange is a range of time in microseconds: from since on, before until.
type timeRange struct{ since, until int64 }

const partitionMicros = int64(PartitionSpan / time.Microsecond)

// firstPartition and lastPartition are the times at which the first and the last partition begin.
// They contain all events before the year 1 and after the year 9999: see Partition.
var (
	firstPartition = time.Time{}.UnixMicro()
	lastPartition  = time.Date(9999, 12, 31, 23, 55, 0, 0, time.UTC).UnixMicro()
)

// floorPartition returns the time at which the partition of the time us begins. A search of a
// journal calls floorPartition for each event. A call of Partition would cost more than the rest
// of the search, because it makes a string.
func floorPartition(us int64) int64 {
	us = min(max(us, firstPartition), lastPartition) - firstPartition
	return us - us%partitionMicros + firstPartition
}
