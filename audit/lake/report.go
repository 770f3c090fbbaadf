package lake

import "time"

// Report says what was searched.
type Report struct {
	Since, Until time.Time // the range, from Since on and before Until; zero: no end

	Partitions int   // that were read
	Files      int   // Parquet files that were opened
	Reads      int64 // of Parquet files
	Bytes      int64 // that were read of Parquet files
	Estimate   int64 // of Bytes, before the first read; 0: no estimate was needed

	Segments     int   // of journals, each read as a whole
	JournalBytes int64 // of these segments

	// Skipped is the files that could not be read. Their events are missing in the answer, unless
	// another store has a copy. A name begins with that of the store, if the store has a String
	// method, as Dir has. Names and reasons come from the store and may hold any bytes.
	Skipped []Skipped
}

// Skipped is a file that was left out of an answer.
type Skipped struct {
	Name string
	Err  error // the file is damaged, for example, or a newer version of clew wrote it
}
