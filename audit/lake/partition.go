package lake

import (
	"strings"
	"time"
)

// PartitionSpan is the time that a partition covers.
const PartitionSpan = 5 * time.Minute

const (
	partitionLayout = "year=2006/month=01/day=02/hour=15/minute=04/"
	Suffix          = ".parquet" // the end of the names of a lake's files
	idLength        = 32         // of a segment's ID, in hexadecimal digits
	hashLength      = 16         // of the hash in the name of a merged file
)

// Partition returns the directory of the events of t, such as
// year=2026/month=11/day=27/hour=04/minute=15/, in UTC. A year in Hive's layout has four digits,
// so events before the year 1 are in the first partition, and events after the year 9999 in the
// last.
func Partition(t time.Time) string {
	t = t.UTC()
	switch {
	case t.Year() < 1:
		t = time.Time{}
	case t.Year() > 9999:
		t = time.Date(9999, 12, 31, 23, 59, 0, 0, time.UTC)
	}
	return t.Truncate(PartitionSpan).Format(partitionLayout)
}

// PartitionTime returns the time at which a partition begins. The argument name is the directory
// of the partition, or the name of a file in it. The result ok is false unless name begins with a
// directory that Partition returns.
func PartitionTime(name string) (begin time.Time, ok bool) {
	if len(name) < len(partitionLayout) {
		return begin, false
	}
	name = name[:len(partitionLayout)]
	begin, err := time.Parse(partitionLayout, name)
	if err != nil || Partition(begin) != name {
		return time.Time{}, false
	}
	return begin, true
}

// ours splits the name of a file that clew may have written into its partition and the base. The
// base is a segment's ID and [Suffix]. For a merged file, it is the ID of the first segment, a
// hash and Suffix.
func ours(name string) (partition, base string, ok bool) {
	if _, ok := PartitionTime(name); !ok {
		return "", "", false
	}
	partition, base = name[:len(partitionLayout)], name[len(partitionLayout):]
	id, ok := strings.CutSuffix(base, Suffix)
	if !ok {
		return "", "", false
	}
	if isMerged(base) {
		id = id[:idLength] + id[idLength+1:]
	} else if len(id) != idLength {
		return "", "", false
	}
	return partition, base, isHex(id)
}

// isMerged reports whether base, a file's name without its directory, is the name of a merged
// file.
func isMerged(base string) bool {
	return len(base) == idLength+1+hashLength+len(Suffix) && base[idLength] == '-'
}

func isHex(s string) bool {
	return strings.Trim(s, "0123456789abcdef") == ""
}

// IsSegmentID reports whether id has the form of a segment's ID. The name of the segment's file in
// a partition is the ID and [Suffix]. The name of a merged file is longer.
func IsSegmentID(id string) bool { return len(id) == idLength && isHex(id) }
