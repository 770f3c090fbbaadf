package table

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"unsafe"

	"example.com/clew/audit/internal/segment"
	"github.com/parquet-go/parquet-go"
)

// ErrNewer is the error of a file that a newer version of clew wrote. This version cannot read the
// file.
var ErrNewer = errors.New("file of a newer version of clew")

// ErrNotOurs is the error of a Parquet file that clew did not write.
var ErrNotOurs = errors.New("not a file of clew's")

var (
	errSchema = errors.New("the columns are not those of audit events")
	errRow    = errors.New("the columns do not have the same rows")
)

// Source reads a file from the first row to the last, for example for a merge. OpenSource reads
// only the footer. The first Next reads the whole file into memory. If the file is damaged, Next
// returns an error, and no row of the file is returned.
type Source struct {
	Meta Meta
	Rows int64

	reader  io.ReaderAt // nil once the first row is read
	size    int64
	groups  []parquet.RowGroup
	columns []values // of the current row group
	left    int64    // the number of rows of the current row group that are not yet read
	bytes   []byte   // the bytes of the current record
	record  segment.Record
	trace   []byte // the trace ID of the previous record
	time    int64  // the time of the previous record
	read    int64
}

// OpenSource reads the footer of a file of size bytes. If the error is [ErrNewer], OpenSource also
// returns a Source, whose Meta contains the files that the newer file replaces.
func OpenSource(r io.ReaderAt, size int64) (s *Source, err error) {
	defer recovered(&err)
	if err := CheckFooter(r, size); err != nil {
		return nil, err
	}
	f, err := openParquet(r, size)
	if err != nil {
		return nil, err
	}
	form, ok := f.Lookup(MetaForm)
	if !ok {
		return nil, ErrNotOurs
	}
	s = &Source{Rows: f.NumRows(), reader: r, size: size}
	s.Meta.Segment, _ = f.Lookup(MetaSegment)
	replaces, _ := f.Lookup(MetaReplaces)
	s.Meta.Replaces = strings.Fields(replaces)
	if form != Form {
		if n, err := strconv.Atoi(form); err != nil || n < 1 {
			return nil, ErrNotOurs
		}
		return s, ErrNewer
	}
	if f.Schema().String() != Schema.String() {
		return nil, errSchema
	}
	if apps, ok := f.Lookup(MetaManyMessages); ok {
		if err := json.Unmarshal([]byte(apps), &s.Meta.ManyMessages); err != nil {
			return nil, fmt.Errorf("%s: %w", MetaManyMessages, err)
		}
	}
	return s, nil
}

// OpenBytes works like OpenSource, for a file in memory. The Source keeps data.
func OpenBytes(data []byte) (*Source, error) {
	return OpenSource(whole{bytes.NewReader(data), data}, int64(len(data)))
}

func openParquet(r io.ReaderAt, size int64) (*parquet.File, error) {
	return parquet.OpenFile(r, size, parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
}

// load reads the whole file. It checks the checksum before it parses a page.
func (s *Source) load() error {
	data, err := readBody(s.reader, s.size)
	if err != nil {
		return err
	}
	f, err := openParquet(bytes.NewReader(data), s.size)
	if err != nil {
		return err
	}
	s.reader, s.groups = nil, f.RowGroups()
	return nil
}

// recovered turns a panic into an error. It is deferred because the Parquet reader does not check
// all lengths and offsets of a file. A file that is wrong in spite of its checksums must not end
// the process.
func recovered(err *error) {
	if v := recover(); v != nil {
		*err = fmt.Errorf("%w: %v", ErrDamaged, v)
	}
}

// Close releases the memory of the reader.
func (s *Source) Close() {
	for i := range s.columns {
		s.columns[i].close()
	}
	s.reader, s.columns, s.left, s.groups = nil, nil, 0, nil
}

// Next reads the next row, which Record then returns. The error is io.EOF after the last row.
func (s *Source) Next() (err error) {
	defer recovered(&err)
	if s.reader != nil {
		if err := s.load(); err != nil {
			return err
		}
	}
	for s.left == 0 {
		if len(s.groups) == 0 {
			return s.end()
		}
		if err := s.open(s.groups[0]); err != nil {
			return err
		}
		s.groups = s.groups[1:]
	}
	s.left--
	s.read++
	if err := s.next(); err != nil {
		if errors.Is(err, io.EOF) {
			err = errRow
		}
		return err
	}
	if s.read > 1 && compare(s.trace, s.time, s.record.TraceID, s.record.Time) > 0 {
		return errOrder
	}
	s.trace, s.time = append(s.trace[:0], s.record.TraceID...), s.record.Time
	return nil
}

// end checks that all rows of the file have been read, and then returns io.EOF.
func (s *Source) end() error {
	if err := s.columnsEnd(); err != nil {
		return err
	}
	if s.read != s.Rows {
		return errRow
	}
	return io.EOF
}

// columnsEnd checks that no column has more values than the row group has rows.
func (s *Source) columnsEnd() error {
	for i := range s.columns {
		if _, err := s.columns[i].peek(); !errors.Is(err, io.EOF) {
			if err == nil {
				err = errRow
			}
			return err
		}
	}
	return nil
}

func (s *Source) open(g parquet.RowGroup) error {
	if err := s.columnsEnd(); err != nil {
		return err
	}
	for i := range s.columns {
		s.columns[i].close()
	}
	s.columns = s.columns[:0]
	for _, chunk := range g.ColumnChunks() {
		s.columns = append(s.columns, values{pages: chunk.Pages()})
	}
	if len(s.columns) != TraceNames+1 {
		return errSchema
	}
	s.left = g.NumRows()
	return nil
}

// Record returns the row that Next has read. It is valid until the next call of Next. If its App
// is "", the row has no app.
func (s *Source) Record() *segment.Record { return &s.record }

// next makes a record of the next row, in the format of the journal.
func (s *Source) next() error {
	var row [Message + 1]parquet.Value
	for i := range row {
		v, err := s.columns[i].next()
		if err != nil {
			return err
		}
		row[i] = v
	}
	var id [16]byte
	text := row[TraceID].ByteArray()
	if len(text) != 0 && len(text) != 16 && len(text) != 32 || !bytes.Equal(text, bytes.ToLower(text)) {
		return fmt.Errorf("%q is not a trace ID", text)
	}
	n, err := hex.Decode(id[:], text)
	if err != nil {
		return fmt.Errorf("%q is not a trace ID", text)
	}
	names, err := s.columns[TraceNames].list()
	if err != nil {
		return err
	}
	s.bytes = segment.Begin(s.bytes[:0], row[Timestamp].Int64(), id[:n], view(row[App].ByteArray()), view(row[Message].ByteArray()), names...)
	keys, err := s.columns[ContextKey].list()
	if err != nil {
		return err
	}
	values, err := s.columns[ContextValue].list()
	if err != nil {
		return err
	}
	if len(keys) != len(values) {
		return errRow
	}
	for i, key := range keys {
		s.bytes = segment.AppendPair(s.bytes, key, values[i])
	}
	segment.End(s.bytes, 0)
	s.record, _, _ = segment.Next(s.bytes)
	return nil
}

// view returns p as a string that shares its memory. The string must be copied before p changes.
func view(p []byte) string { return unsafe.String(unsafe.SliceData(p), len(p)) }

func compare(trace []byte, time int64, otherTrace []byte, otherTime int64) int {
	if c := bytes.Compare(trace, otherTrace); c != 0 {
		return c
	}
	switch {
	case time < otherTime:
		return -1
	case time > otherTime:
		return 1
	}
	return 0
}
