// Package table defines the schema of the Parquet files of a lake, and writes and reads the files.
//
// Packages audit and lake share it. No other code may rely on its API.
package table

import "github.com/parquet-go/parquet-go"

// Row defines the schema. The writer and the readers work on columns, and do not use Row.
type Row struct {
	Timestamp  int64             `parquet:"timestamp,timestamp(microsecond),delta"`
	TraceID    string            `parquet:"trace_id,dict"`
	App        string            `parquet:"app,dict"`
	Message    string            `parquet:"message,dict"`
	Context    map[string]string `parquet:"context" parquet-key:",dict" parquet-value:",dict"`
	TraceNames []string          `parquet:"trace_names,list,dict"`
}

// Schema is the table of audit events: all columns required, timestamps in microseconds of UTC.
var Schema = parquet.NewSchema("audit_events", parquet.SchemaOf(Row{}))

// The leaf columns, in the schema's order.
const (
	Timestamp = iota
	TraceID
	App
	Message
	ContextKey
	ContextValue
	TraceNames
)

// Metadata in a file's footer.
const (
	// MetaVersion is the version of clew that wrote the file.
	MetaVersion = "clew.version"
	// MetaForm is the version of the form of a file. Readers do not read files of a newer form.
	MetaForm = "clew.form"
	// MetaSegment is the ID of the segment that the file was made from. A merged file does not
	// have it.
	MetaSegment = "clew.segment"
	// MetaReplaces contains the names of the files that a merged file was made from, and of the
	// files that those files replaced. All these files are in the partition of the merged file.
	// The names are without a directory, and are separated by spaces.
	MetaReplaces = "clew.replaces"
	// MetaManyMessages is a JSON array of the apps that had more than 10,000 distinct messages in
	// the segment, or in one of the segments that the file was made from.
	MetaManyMessages = "clew.many_messages"
	// MetaBegin and MetaEnd are the times of the first and the last event, as RFC 3339 with
	// microseconds.
	MetaBegin, MetaEnd = "clew.begin", "clew.end"
)
