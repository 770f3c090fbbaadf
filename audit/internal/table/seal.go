package table

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// A seal with checksums lies before the footer, where Parquet has no place for it. Page checksums
// do not cover the footer and the pages' heads. A wrong bit there can cost the reader any amount
// of memory: if it turns a codec in the footer into another one, the process ends. So no damaged
// footer is parsed.
//
//	seal   4 bytes   "clew"
//	       uint32    CRC-32C of all before the seal
//	       uint32    CRC-32C of the footer
//
// Other readers do not look at the seal. Files of all forms have one.
const (
	sealMagic = "clew"
	sealSize  = len(sealMagic) + 4 + 4

	// endSize is the length of a Parquet file's end: the footer's length, and the magic.
	endSize = 4 + len(magic)
)

// ErrDamaged is the error of a file whose checksum is wrong, or that is cut.
var ErrDamaged = errors.New("damaged file")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendSeal appends the seal between the body, which dst is, and the footer.
func appendSeal(dst, footer []byte) []byte {
	body := crc32.Checksum(dst, castagnoli)
	dst = append(dst, sealMagic...)
	dst = binary.LittleEndian.AppendUint32(dst, body)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(footer, castagnoli))
}

// CheckFooter checks the footer of a file of size bytes. Call it before the footer is parsed. The
// error is [ErrDamaged], [ErrNotOurs] if the file has no seal, or that of r.
func CheckFooter(r io.ReaderAt, size int64) error {
	_, _, err := readSeal(r, size)
	return err
}

// readSeal checks the footer, and returns the length of the body and its checksum.
func readSeal(r io.ReaderAt, size int64) (body int64, sum uint32, err error) {
	var end [endSize]byte
	if size < int64(len(magic)+sealSize+endSize) {
		return 0, 0, ErrDamaged
	}
	if err := readFull(r, end[:], size-int64(endSize)); err != nil {
		return 0, 0, err
	}
	n := int64(binary.LittleEndian.Uint32(end[:]))
	body = size - int64(endSize) - n - int64(sealSize)
	if string(end[4:]) != magic || body < int64(len(magic)) {
		return 0, 0, ErrDamaged
	}
	p := make([]byte, int64(sealSize)+n)
	if err := readFull(r, p, body); err != nil {
		return 0, 0, err
	}
	if string(p[:len(sealMagic)]) != sealMagic {
		return 0, 0, ErrNotOurs
	}
	if crc32.Checksum(p[sealSize:], castagnoli) != binary.LittleEndian.Uint32(p[8:]) {
		return 0, 0, ErrDamaged
	}
	return body, binary.LittleEndian.Uint32(p[4:]), nil
}

// whole is a file in memory.
type whole struct {
	*bytes.Reader
	data []byte
}

// readBody reads all of a file of size bytes, and checks it. The bytes of a whole are not copied.
func readBody(r io.ReaderAt, size int64) ([]byte, error) {
	body, sum, err := readSeal(r, size)
	if err != nil {
		return nil, err
	}
	var p []byte
	if w, ok := r.(whole); ok {
		p = w.data
	} else {
		p = make([]byte, size)
		if err := readFull(r, p, 0); err != nil {
			return nil, err
		}
	}
	if crc32.Checksum(p[:body], castagnoli) != sum {
		return nil, ErrDamaged
	}
	return p, nil
}

// readFull reads len(p) bytes. An io.ReaderAt may return io.EOF with them at the end of the file.
func readFull(r io.ReaderAt, p []byte, at int64) error {
	if n, err := r.ReadAt(p, at); n < len(p) {
		if err == nil || errors.Is(err, io.EOF) {
			err = ErrDamaged
		}
		return err
	}
	return nil
}
