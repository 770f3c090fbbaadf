package main

import (
	"bufio"
	"cmp"
	"encoding/json"

	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"example.com/clew/internal/timeline/fleetlog"
)

// files is how many files the rotated log of a service has.
const files = 8

// data lists the files with which tools are measured.
type data struct {
	Plain []string         // all files
	JSON  []string         // of the service that writes JSON
	Gzip  []string         // a part of Plain, as gzip
	Zstd  []string         // the same part, as zstd
	ID    string           // the ID of a trace in the middle of the logs
	Size  map[string]int64 // the decompressed size of each file, in bytes
}

// index is the file that has the data as JSON.
const index = "index.json"

func load(folder string) (d *data, err error) {
	text, err := os.ReadFile(filepath.Join(folder, index))
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	return d, err
}

// generate writes logs of size bytes. The argument open is how many traces are open at any time.
func generate(folder string, size int64, open int) error {
	d := &data{Size: map[string]int64{}}
	f := fleetlog.NewOpen(17, open)
	var line []byte
	for n := range files {
		var out [fleetlog.Services]*bufio.Writer
		for s := range fleetlog.Services {
			path := filepath.Join(folder, fmt.Sprintf("%s.log.%d", fleetlog.Names[s], files-n))
			file, err := os.Create(path)
			if err != nil {
				return err
			}
			defer file.Close()
			out[s] = bufio.NewWriterSize(file, 1<<20)
			d.Plain = append(d.Plain, path)
			if s == fleetlog.JSON {
				d.JSON = append(d.JSON, path)
			}
		}
		var s fleetlog.Service
		for written := int64(0); written < size/files; written += int64(len(line)) {
			s, _, line = f.Next()
			if _, err := out[s].Write(line); err != nil {
				return err
			}
		}
		for _, w := range out {
			if err := w.Flush(); err != nil {
				return err
			}
		}
	}
	d.ID = f.TraceID(f.Begun() / 2)
	if err := d.compress(); err != nil {
		return err
	}
	text, err := json.Marshal(d)
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(folder, index), text, 0o644)
}

// compress makes compressed copies of the files. It copies only a part of the files, so that they
// and the copies fit on a disk.
func (d *data) compress() error {
	for _, path := range d.Plain {
		info, err := os.Stat(path)
		if err != nil {
			return err
		}
		d.Size[path] = info.Size()
	}
	for _, path := range d.Plain[len(d.Plain)/2-int(fleetlog.Services) : len(d.Plain)/2+int(fleetlog.Services)] {
		zipped, packed := path+".gz", path+".zst"
		d.Gzip, d.Zstd = append(d.Gzip, zipped), append(d.Zstd, packed)
		d.Size[zipped], d.Size[packed] = d.Size[path], d.Size[path]
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
