package lake

import (
	"context"
	"time"
)

// Statistics says how many events a lake holds, and how many bytes they cost.
type Statistics struct {
	Partitions []PartitionStats // the oldest first
	Apps       []AppStats       // those with the most events first
	Keys       []KeyStats       // those with the most bytes first
	Messages   int              // the number of distinct messages; 100,000 means that there may be more

	// ManyMessages lists the apps that had more than 10,000 distinct messages within a few
	// minutes. Such messages contain values that belong in the context.
	ManyMessages []string

	JournalSegments int   // segments with events that are not in Parquet files yet
	JournalEvents   int64 // events that are not in Parquet files yet, in the partitions of the range
	JournalBytes    int64 // the bytes of these segments
}

// PartitionStats counts the Parquet files of a partition.
type PartitionStats struct {
	Begin  time.Time
	Files  int
	Events int64
	Bytes  int64
	// Columns contains the bytes of each column: timestamp, trace_id, app, message, context.key,
	// context.value and trace_names. The other bytes are Bloom filters and indexes.
	Columns map[string]int64
}

// AppStats counts the events of an app, estimated from a sample of the files.
type AppStats struct {
	App    string
	Events int64 // estimated; 0 for an app that is not in the sample
}

// KeyStats counts the values of a key of the context, in a sample of the files.
type KeyStats struct {
	Key      string
	Pairs    int64 // estimated
	Bytes    int64 // all values as strings, before dictionaries and compression; estimated
	Sampled  int64 // pairs in the sample
	Distinct int64 // distinct values in the sample, added up over its row groups
}

const (
	// sampleGroups is the largest number of row groups that are read for AppStats and KeyStats. At
	// most one is read from a file, and the files are as far apart as possible.
	sampleGroups = 8
	maxMessages  = 100_000
)

// Stats returns the statistics of the partitions that overlap with the range. A zero since or
// until leaves the range open.
//
// Stats reads the footers and the small dictionaries of all files, and extrapolates from one row
// group in each of a few files. Events in journals are counted only in JournalEvents. Stats fills
// report as [Find] does. There is no limit for the bytes that Stats reads. If there is an error
// other than [ErrIncomplete], the statistics are nil.
func Stats(ctx context.Context, since, until time.Time, report *Report, stores ...Store) (*Statistics, error) {
	if report == nil {
		report = new(Report)
	}
	*report = Report{}
	a, err := (&Query{Since: fromStart(since), Until: until, MaxBytes: -1}).resolve()
	if err != nil {
		return nil, err
	}
	v, err := newView(ctx, stores, a.maxBytes, report)
	if err != nil {
		return nil, err
	}
	defer v.close()
	report.Since, report.Until = since, until
	c := &counting{view: v, stats: new(Statistics), apps: map[string]int64{}, keys: map[string]*KeyStats{}, messages: map[string]bool{}, many: map[string]bool{}, journals: map[*openSegment]bool{}}
	if err := c.run(a.span); err != nil {
		return nil, err
	}
	return c.stats, c.whole()
}
