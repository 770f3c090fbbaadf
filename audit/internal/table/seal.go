package table

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
)

// A file has a seal with checksums in front of the footer, although Parquet does not define one.
// The checksums of pages do not cover the footer and the heads of pages. A wrong bit in a footer
// can make a reader allocate any amount of memory. For example, if the bit changes a codec, the
// process ends. So no damaged footer is parsed.
//
//	seal   4 bytes   "clew"
//	       uint32    CRC-32C of all bytes before the seal
//	       uint32    CRC-32C of the footer
//
// Readers other than clew ignore the seal. Files of all forms have a seal.
const (
	sealMagic = "clew"
	sealSize  = len(sealMagic) + 4 + 4

	// endSize is the length of a Parquet file's end: the footer's length, and the magic.
	endSize = 4 + len(magic)
)

// ErrDamaged is the error of a file that is cut, or whose checksum is wrong.
var ErrDamaged = errors.New("damaged file")

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendSeal appends the seal to dst, which is the body of the file. The caller then appends the
// footer.
func appendSeal(dst, footer []byte) []byte {
	body := crc32.Checksum(dst, castagnoli)
	dst = append(dst, sealMagic...)
	dst = binary.LittleEndian.AppendUint32(dst, body)
	return binary.LittleEndian.AppendUint32(dst, crc32.Checksum(footer, castagnoli))
}

// CheckFooter checks the footer of a file of size bytes. Call it before the footer is parsed. The
// error is [ErrDamaged], [ErrNotOurs] if the file has no seal, or an error of r.
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

// whole is a reader of a file in memory, which also gives access to its bytes.
type whole struct {
	*bytes.Reader
	data []byte
}

// readBody returns all bytes of a file of size bytes, and checks its seal. If r is a whole,
// readBody does not copy the bytes.
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

// readFull reads len(p) bytes. It ignores io.EOF if r returns it together with the last bytes.
func readFull(r io.ReaderAt, p []byte, at int64) error {
	if n, err := r.ReadAt(p, at); n < len(p) {
		if err == nil || errors.Is(err, io.EOF) {
			err = ErrDamaged
		}
		return err
	}
	return nil
}
