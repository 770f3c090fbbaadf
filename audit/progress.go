package audit

import (
	"bytes"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"example.com/clew/audit/lake"
)

// progress is the file beside a segment that notes how many of the segment's events a Sink has
// taken or refused. The file has a line for each call of the Sink, and the last whole line is
// valid. A line contains a checksum of its number, because a wrong number would skip events. The
// skipped events would then be deleted with the segment. The zero progress has no file.
type progress struct {
	f    *os.File
	size int64 // of the whole lines
}

// progressPath returns the path of a segment's progress. It is the same path for an active and for
// a sealed segment.
func progressPath(s *journalFile) string {
	return strings.TrimSuffix(s.path, filepath.Ext(s.path)) + extSent
}

// openProgress opens the progress of s, and reads it into s.sent. If there is an error,
// openProgress returns the zero progress and does not change s.sent.
func openProgress(s *journalFile) (*progress, error) {
	f, err := os.OpenFile(progressPath(s), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return &progress{}, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = errors.New(filepath.Base(f.Name()) + " is not a file")
	}
	var lines []byte
	if err == nil {
		lines, err = io.ReadAll(f)
	}
	if err != nil {
		return &progress{}, errors.Join(err, f.Close())
	}
	sent, size := lastLine(lines)
	s.sent = max(s.sent, sent)
	return &progress{f, size}, nil
}

// lastLine returns the number of the last whole line, and the end of that line. A crash may leave
// a part of a line or zeros after that line.
func lastLine(lines []byte) (number, end int64) {
	for {
		i := bytes.IndexByte(lines[end:], '\n')
		if i < 0 {
			return number, end
		}
		line := lines[end : end+int64(i)+1]
		digits, _, _ := bytes.Cut(line, []byte(" "))
		n, err := strconv.ParseInt(string(digits), 10, 64)
		if err != nil || n < number || !bytes.Equal(line, progressLine(n)) {
			return number, end
		}
		number, end = n, end+int64(len(line))
	}
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func progressLine(sent int64) []byte {
	digits := strconv.AppendInt(nil, sent, 10)
	return fmt.Appendf(nil, "%s %08x\n", digits, crc32.Checksum(digits, castagnoli))
}

// write adds a line with the number of events that the Sink has taken or refused, and syncs the
// file. If an earlier write failed, its bytes are overwritten.
func (p *progress) write(sent int64) error {
	if p.f == nil {
		return nil
	}
	line := progressLine(sent)
	if _, err := p.f.WriteAt(line, p.size); err != nil {
		return err
	}
	p.size += int64(len(line))
	return p.f.Sync()
}

// restart removes all lines.
func (p *progress) restart() error {
	if p.f == nil {
		return nil
	}
	p.size = 0
	return p.f.Truncate(0)
}

func (p *progress) Close() {
	if p.f != nil {
		p.f.Close() // each write has synced the file
	}
}

func removeProgress(s *journalFile) error {
	if err := os.Remove(progressPath(s)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// removeOrphan removes the progress file called name if its segment is gone. This happens if a
// process dies after it has removed the segment.
func (l *Logger) removeOrphan(name string) error {
	id := strings.TrimSuffix(name, extSent)
	if !lake.IsSegmentID(id) {
		return nil // a file of the user
	}
	for _, ext := range []string{extActive, extSealed} {
		if _, err := os.Lstat(filepath.Join(l.journal, id+ext)); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.Remove(filepath.Join(l.journal, name))
}
