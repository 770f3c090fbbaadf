package main

import (
	"bufio"
	"cmp"

	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"example.com/clew/internal/timeline/fleetlog"
)

// files is how many files the log of a service has: it is rotated.
const files = 8

// data is what is measured with.
type data struct {
	folder string
	plain  []string // all files
	json   []string // those of the service whose lines are JSON
	gzip   []string // the first ones of each service, compressed
	zstd   []string
	id     string // of a trace in the middle: 32 digits
	size   map[string]int64
}

// generate writes logs of so many bytes.
func generate(folder string, size int64) (*data, error) {
	d := &data{folder: folder, size: map[string]int64{}}
	f := fleetlog.New(17)
	var line []byte
	for n := range files {
		var out [fleetlog.Services]*bufio.Writer
		for s := range fleetlog.Services {
			path := filepath.Join(folder, fmt.Sprintf("%s.log.%d", fleetlog.Names[s], files-n))
			file, err := os.Create(path)
			if err != nil {
				return nil, err
			}
			defer file.Close()
			out[s] = bufio.NewWriterSize(file, 1<<20)
			d.plain = append(d.plain, path)
			if s == fleetlog.JSON {
				d.json = append(d.json, path)
			}
		}
		var s fleetlog.Service
		for written := int64(0); written < size/files; written += int64(len(line)) {
			s, _, line = f.Next()
			if _, err := out[s].Write(line); err != nil {
				return nil, err
			}
		}
		for _, w := range out {
			if err := w.Flush(); err != nil {
				return nil, err
			}
		}
	}
	d.id = f.TraceID(f.Begun() / 2)
	return d, d.compress()
}

// compress makes compressed copies of a part of the files: what fits on a disk beside them.
func (d *data) compress() error {
	for _, path := range d.plain {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		d.size[path] = info.Size()
	}
	for _, path := range d.plain[len(d.plain)/2-int(fleetlog.Services) : len(d.plain)/2+int(fleetlog.Services)] {
		zipped, packed := path+".gz", path+".zst"
		d.gzip, d.zstd = append(d.gzip, zipped), append(d.zstd, packed)
		d.size[zipped], d.size[packed] = d.size[path], d.size[path]
		if err := copyTo(zipped, path, func(w io.Writer) (io.WriteCloser, error) { return gzip.NewWriter(w), nil }); err != nil {
			return err
		}
		if err := copyTo(packed, path, func(w io.Writer) (io.WriteCloser, error) { return zstd.NewWriter(w) }); err != nil {
			return err
		}
	}
	return nil
}

func copyTo(to, from string, through func(io.Writer) (io.WriteCloser, error)) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	w, err := through(out)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, in)
	return cmp.Or(err, w.Close(), out.Close())
}
