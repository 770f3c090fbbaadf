package lake

import "time"

// Report says what was searched.
type Report struct {
	Since, Until time.Time // the range, with Since and without Until; zero: no end

	Partitions int   // that were read
	Files      int   // that were opened, Parquet
	Reads      int64 // of Parquet files
	Bytes      int64 // that these read
	Estimate   int64 // of Bytes, before the first was read; 0: there was no need of one

	Segments     int   // of journals, read from one end to the other
	JournalBytes int64 // that these had

	// Skipped is the files that could not be read: their events are missing in the answer, unless
	// there was a copy of them. A name begins with that of the store where the store has a String
	// method, as Dir has. Names and reasons come from the store and may hold any bytes.
	Skipped []Skipped
}

// Skipped is a file that was left out of an answer.
type Skipped struct {
	Name string
	Err  error // such as of a damaged file, or of one that a newer version of clew wrote
}
