package lake

import "time"

// Report says what was searched.
type Report struct {
	Since, Until time.Time // the range, from Since on and before Until; zero: no end

	Partitions int   // partitions that were read
	Files      int   // Parquet files that were opened
	Reads      int64 // calls of ReadAt for Parquet files
	Bytes      int64 // bytes that were read from Parquet files
	Estimate   int64 // the estimate of Bytes before the first read; 0: no estimate was needed

	Segments     int   // segments of journals, each of which is read as a whole
	JournalBytes int64 // the bytes of these segments

	// Skipped lists the files that could not be read. Their events are missing in the answer,
	// unless another store has a copy. A name begins with the name of the store if the Store has a
	// String method, as Dir has. Names and reasons come from the store and may contain any bytes.
	Skipped []Skipped
}

// Skipped is a file that was left out of an answer.
type Skipped struct {
	Name string
	Err  error // the file is damaged, for example, or a newer version of clew wrote it
}
