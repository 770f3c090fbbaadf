package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// decompress reads compressed files, as many at once as there are processors, and discards the
// content. A search in Go cannot be faster, because it must decompress the files, too.
func decompress(paths []string) error {
	var (
		wg    sync.WaitGroup
		slots = make(chan struct{}, runtime.GOMAXPROCS(0))
		errs  = make([]error, len(paths))
	)
	for i, path := range paths {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			errs[i] = discard(path)
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func discard(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	var r io.Reader
	if filepath.Ext(path) == ".gz" {
		r, err = gzip.NewReader(f)
	} else {
		var d *zstd.Decoder
		if d, err = zstd.NewReader(f, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true)); err == nil {
			defer d.Close()
		}
		r = d
	}
	if err != nil {
		return err
	}
	buf := make([]byte, 256<<10)
	for err == nil {
		_, err = r.Read(buf)
	}
	if err == io.EOF {
		return nil
	}
	return err
}
