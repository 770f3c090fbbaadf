package lake

// FloorPartition is when the partition of a time begins, in microseconds.
func FloorPartition(us int64) int64 { return floorPartition(us) }
