package lake

import (
	"context"
	"time"
)

// Statistics is what a lake holds, and what costs what.
type Statistics struct {
	Partitions []PartitionStats // the oldest first
	Apps       []AppStats       // those with the most events first
	Keys       []KeyStats       // those with the most bytes first
	Messages   int              // distinct ones; from 100,000 on there may be more

	// ManyMessages is the apps that had more than 10,000 distinct messages within a few minutes:
	// their messages hold what belongs into the context.
	ManyMessages []string

	JournalSegments int   // that have events which are not in Parquet files yet
	JournalEvents   int64 // those, in the partitions of the range
	JournalBytes    int64 // of these segments
}

// PartitionStats is what the Parquet files of a partition hold.
type PartitionStats struct {
	Begin  time.Time
	Files  int
	Events int64
	Bytes  int64
	// Columns is the bytes of each column: timestamp, trace_id, app, message, context.key,
	// context.value and trace_names. The rest of Bytes is Bloom filters and indexes.
	Columns map[string]int64
}

// AppStats is the events of an app, as a sample of the files has them.
type AppStats struct {
	App    string
	Events int64 // estimated; 0 for an app that the sample does not have
}

// KeyStats is a key of the context, as a sample of the files has it.
type KeyStats struct {
	Key      string
	Pairs    int64 // estimated
	Bytes    int64 // of the values as strings, before dictionaries and compression; estimated
	Sampled  int64 // pairs in the sample
	Distinct int64 // values in the sample, each row group's counted apart
}

const (
	// sampleGroups is how many row groups are read for AppStats and KeyStats, one of a file and as
	// far apart as may be.
	sampleGroups = 8
	maxMessages  = 100_000
)

// Stats returns what the stores hold for the partitions that lie in the range, wholly or in part.
// Times that are zero leave it open.
//
// It reads the footers and the small dictionaries of all files, and a row group of a few of them:
// what is estimated is multiplied from these. Journals are counted, and are in nothing else.
// Report is as in [Find]; the range has no limit of bytes. With an error that is not
// [ErrIncomplete] the statistics are nil.
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
