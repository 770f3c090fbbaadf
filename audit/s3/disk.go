package s3

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash/crc64"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync/atomic"
	"time"
)

const (
	// An end is the last bytes of a file of the Store, as the cache keeps them. maxDisk is the
	// maximum size of all ends on disk, in bytes, after a sweep. Between two sweeps, each process
	// may add sweepEach bytes.
	maxDisk   = 1 << 30
	sweepEach = maxDisk / 32

	// tempAge is the age at which a temporary file must be the remains of a crash.
	tempAge = time.Hour
	// If a file is used, and its time is older than touchAge, the use renews the time. A sweep
	// removes the files with the oldest times.
	touchAge = time.Hour

	diskMagic = "clewend1"
	diskHead  = len(diskMagic) + 8
)

// disk keeps the ends in a directory that several processes share. A fault of the directory is not
// an error. It only causes another request.
type disk struct {
	path  string
	added atomic.Int64 // bytes that this process has added since the last sweep
}

// newDisk returns the disk for a directory. It makes the directory if that does not exist.
func newDisk(path string) (*disk, error) {
	path, err := filepath.Abs(path)
	if err == nil {
		err = os.MkdirAll(path, 0o700)
	}
	if err == nil {
		var info fs.FileInfo
		if info, err = os.Stat(path); err == nil && !info.IsDir() {
			err = fmt.Errorf("%s is not a directory", path)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("s3: Config.Cache: %w", err)
	}
	d := &disk{path: path}
	d.added.Store(sweepEach) // the first save sweeps, since other processes may have left files
	return d, nil
}

func (d *disk) file(key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(d.path, hex.EncodeToString(sum[:])+".end")
}

func (d *disk) load(key string) []byte {
	name := d.file(key)
	data, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	if len(data) < diskHead || string(data[:len(diskMagic)]) != diskMagic ||
		binary.BigEndian.Uint64(data[len(diskMagic):]) != sumOf(key, data[diskHead:]) {
		os.Remove(name)
		return nil
	}
	if info, err := os.Stat(name); err == nil && time.Since(info.ModTime()) > touchAge {
		now := time.Now()
		os.Chtimes(name, now, now)
	}
	return data[diskHead:]
}

// sumOf returns a checksum of key and end. The checksum covers the key. So if somebody renames a
// file to the name for another key, the file counts as damaged.
func sumOf(key string, end []byte) uint64 {
	table := crc64.MakeTable(crc64NVME)
	return crc64.Update(crc64.Checksum([]byte(key), table), table, end)
}

func (d *disk) save(key string, end []byte) {
	var data bytes.Buffer
	data.Grow(diskHead + len(end))
	data.WriteString(diskMagic)
	data.Write(binary.BigEndian.AppendUint64(nil, sumOf(key, end)))
	data.Write(end)
	temp := filepath.Join(d.path, "tmp-"+rand.Text())
	err := os.WriteFile(temp, data.Bytes(), 0o600)
	if err == nil {
		err = os.Rename(temp, d.file(key))
	}
	if err != nil {
		os.Remove(temp)
	}
	if d.added.Add(int64(data.Len())) >= sweepEach {
		d.added.Store(0)
		d.sweep(maxDisk)
	}
}

// ownFile matches the names of files that a sweep may remove, because the directory may contain
// other files.
var ownFile = regexp.MustCompile(`^([0-9a-f]{64}\.end|tmp-[A-Z2-7]{26})$`)

// sweep removes the files that were used longest ago, until the remaining files have at most the
// given number of bytes in total. It also removes temporary files that a crash has left.
func (d *disk) sweep(most int64) {
	entries, err := os.ReadDir(d.path)
	if err != nil {
		return
	}
	var files []fs.FileInfo
	var size int64
	for _, entry := range entries {
		info, err := entry.Info()
		if err != nil || !info.Mode().IsRegular() || !ownFile.MatchString(info.Name()) {
			continue
		}
		if filepath.Ext(info.Name()) == "" {
			if time.Since(info.ModTime()) > tempAge {
				os.Remove(filepath.Join(d.path, info.Name()))
			}
			continue
		}
		files = append(files, info)
		size += info.Size()
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int {
		return cmp.Or(a.ModTime().Compare(b.ModTime()), cmp.Compare(a.Name(), b.Name()))
	})
	for _, info := range files {
		if size <= most {
			return
		}
		if os.Remove(filepath.Join(d.path, info.Name())) == nil {
			size -= info.Size()
		}
	}
}
