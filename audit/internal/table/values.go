package table

import (
	"errors"
	"io"

	"github.com/parquet-go/parquet-go"
)

// values reads the values of a column in a row group.
type values struct {
	pages  parquet.Pages
	reader parquet.ValueReader
	buffer [128]parquet.Value
	some   []parquet.Value // the part of buffer that is not yet returned
	row    []string
}

func (v *values) close() { v.pages.Close() }

// peek returns the next value, and does not move on. The error is io.EOF after the last value.
func (v *values) peek() (*parquet.Value, error) {
	for len(v.some) == 0 {
		if v.reader == nil {
			page, err := v.pages.ReadPage()
			if err != nil {
				return nil, err
			}
			// The page must not be released, because the strings of a row share its memory. In a
			// damaged file, a row may extend into the next page.
			v.reader = page.Values()
		}
		n, err := v.reader.ReadValues(v.buffer[:])
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err
		}
		v.some = v.buffer[:n]
		if n == 0 {
			v.reader = nil
		}
	}
	return &v.some[0], nil
}

func (v *values) next() (parquet.Value, error) {
	value, err := v.peek()
	if err != nil {
		return parquet.Value{}, err
	}
	v.some = v.some[1:]
	return *value, nil
}

// list returns the values of the next row.
func (v *values) list() ([]string, error) {
	first, err := v.next()
	if err != nil {
		return nil, err
	}
	if first.RepetitionLevel() != 0 {
		return nil, errRow
	}
	v.row = v.row[:0]
	if first.DefinitionLevel() == 0 {
		return v.row, nil
	}
	v.row = append(v.row, view(first.ByteArray()))
	for {
		more, err := v.peek()
		if errors.Is(err, io.EOF) {
			return v.row, nil
		}
		if err != nil {
			return nil, err
		}
		if more.RepetitionLevel() == 0 {
			return v.row, nil
		}
		v.row = append(v.row, view(more.ByteArray()))
		v.some = v.some[1:]
	}
}
