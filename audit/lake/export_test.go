package lake

// FloorPartition returns the time at which the partition of the time us begins, in microseconds.
func FloorPartition(us int64) int64 { return floorPartition(us) }
