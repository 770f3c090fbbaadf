// Package read reads the Parquet files of a lake. It reads only the parts of a file that a
// question needs: Bloom filters, dictionaries, and the pages that may contain a row of the answer.
//
// It can only read files that package table has written in their first form: all strings are in
// dictionaries, all pages are compressed, and all columns have indexes. It checks each length in a
// file before it allocates memory, so damage is an error and never a panic.
package read

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strconv"

	"example.com/clew/audit/internal/table"
)

// File is a Parquet file that is open. Methods may be called from several goroutines at once.
type File struct {
	reader io.ReaderAt
	size   int64
	footer *footer
	tail   []byte // the end of the file, which was read with the footer
	tailAt int64
}

const (
	// tailSize is the number of bytes at the end of a file that are read first. They contain the
	// footer, and often the indexes too.
	tailSize = 16 << 10

	// maxFooter is the largest size of a footer, in bytes. A footer with a thousand row groups has
	// two megabytes.
	maxFooter = 32 << 20

	magic = "PAR1"

	// sealSize is the size of the seal before the footer.
	sealSize = 12
)

// Open reads the footer of the file of size bytes in r. If a newer version of clew wrote the file,
// the error is table.ErrNewer. The File uses r only while a method runs. It need not be closed.
func Open(r io.ReaderAt, size int64) (*File, error) {
	f := &File{reader: r, size: size}
	if size < int64(len(magic)+8) {
		return nil, errors.New("not a Parquet file")
	}
	f.tailAt = max(0, size-tailSize)
	tail := make([]byte, size-f.tailAt)
	if err := f.readInto(tail, f.tailAt); err != nil {
		return nil, err
	}
	if string(tail[len(tail)-4:]) != magic {
		return nil, errors.New("not a Parquet file")
	}
	length := int64(binary.LittleEndian.Uint32(tail[len(tail)-8:]))
	if length > maxFooter || length > size-12-sealSize {
		return nil, errFooter
	}
	if at := size - 8 - length - sealSize; at < f.tailAt {
		more := make([]byte, size-at)
		if err := f.readInto(more[:f.tailAt-at], at); err != nil {
			return nil, err
		}
		copy(more[f.tailAt-at:], tail)
		tail, f.tailAt = more, at
	}
	f.tail = tail
	err := table.CheckFooter(f, size)
	if err != nil {
		return nil, err
	}
	if f.footer, err = parseFooter(tail[int64(len(tail))-8-length:len(tail)-8], size); err != nil {
		return nil, err
	}
	return f, f.checkForm()
}

func (f *File) checkForm() error {
	form := f.footer.meta[table.MetaForm]
	if form == table.Form {
		return nil
	}
	if n, err := strconv.Atoi(form); err == nil && n > 0 {
		return table.ErrNewer
	}
	return fmt.Errorf("not a file of clew: its form is %.20q", form)
}

// Meta returns the value of a key in the footer's metadata, or "" if the footer does not have the
// key.
func (f *File) Meta(key string) string { return f.footer.meta[key] }

// Groups returns the number of row groups.
func (f *File) Groups() int { return len(f.footer.groups) }

// Rows returns the number of rows of a row group.
func (f *File) Rows(group int) int64 { return f.footer.groups[group].rows }

// Bytes returns the number of bytes that a column has in the file.
func (f *File) Bytes(column int) (n int64) {
	for i := range f.footer.groups {
		n += f.footer.groups[i].chunks[column].size
	}
	return n
}

// ReadAt lets table.CheckFooter use the bytes that were already read.
func (f *File) ReadAt(p []byte, at int64) (int, error) {
	have, err := f.read(at, int64(len(p)))
	return copy(p, have), err
}

// seen returns the bytes at offset if they were read with the footer, or else nil.
func (f *File) seen(offset, size int64) []byte {
	if f.tail == nil || offset < f.tailAt || !(span{offset, size}).inside(f.size) {
		return nil
	}
	return f.tail[offset-f.tailAt:][:size:size]
}

// read returns bytes of the file. They may be a part of the memory that was read with the footer.
func (f *File) read(offset, size int64) ([]byte, error) {
	if p := f.seen(offset, size); p != nil {
		return p, nil
	}
	if !(span{offset, size}).inside(f.size) {
		return nil, io.ErrUnexpectedEOF
	}
	p := make([]byte, size)
	return p, f.readInto(p, offset)
}

func (f *File) readInto(p []byte, offset int64) error {
	n, err := f.reader.ReadAt(p, offset)
	if n == len(p) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}
