package lake

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"example.com/clew/audit/internal/table"
)

const (
	// Files below smallFile are merged, and merged files below smallMerged are merged again. The
	// second merge is for fleets: if 1,000 writers share a store, a file that was merged from the
	// files of 64 writers contains only a part of each trace. In such a file an event takes four
	// times as many bytes as in a file of all writers, and a search costs more than before the
	// merge.
	smallFile   = 4 << 20
	smallMerged = 16 << 20

	// These are the limits of one merge, because the merged file and its sources are in memory. If
	// a partition has more files, several merged files are made, and these are merged again.
	mergeFiles = 64
	mergeBytes = 64 << 20

	defaultAfter = time.Hour
)

// compaction is the state of a call of Compact.
type compaction struct {
	ctx    context.Context
	store  Store
	writer *table.Writer
	done   *Compacted
	made   map[string]int64 // the number of events of each file that this call has made in the partition
}

func (c *compaction) run(options CompactOptions) error {
	after := options.After
	if after == 0 {
		after = defaultAfter
	}
	before := time.Now().Add(-after)
	var files []File
	partition := ""
	// whole: the list of files is complete. doubt: the list of the next partition may be
	// incomplete.
	whole, doubt := true, false
	var unlisted []error
	for file, err := range c.store.List(c.ctx, "") {
		if c.ctx.Err() != nil {
			return c.ctx.Err()
		}
		if err != nil {
			// If a merged file is missing in the list, its sources would be merged a second time.
			unlisted = append(unlisted, err)
			whole, doubt = false, true
			continue
		}
		in, _, ok := ours(file.Name)
		if begin, _ := PartitionTime(in); !ok || begin.Add(PartitionSpan).After(before) {
			continue
		}
		if in != partition {
			if err := c.partition(partition, files, whole); err != nil {
				return err
			}
			partition, files = in, nil
			whole, doubt = !doubt, false
		}
		files = append(files, file)
	}
	return cmp.Or(c.partition(partition, files, whole), errors.Join(unlisted...))
}

// partition compacts the files of one partition. The argument in is the partition's directory. If
// whole is false, partition does nothing, because the partition may have other files that were not
// listed.
func (c *compaction) partition(in string, files []File, whole bool) error {
	if !whole || len(files) < 2 {
		return nil
	}
	c.made = map[string]int64{}
	replaced, left, err := c.replaced(in, files)
	if err != nil {
		return err
	}
	for name, err := range left {
		// The merged file that cannot be read may contain the events of other files. If Compact
		// merged these files into a second file, readers would see the events twice once the first
		// merged file can be read again.
		if !replaced[name] && !errors.Is(err, table.ErrNewer) {
			return nil
		}
	}
	var small []File
	for _, file := range files {
		name := file.Name[len(in):]
		if !replaced[name] && left[name] == nil && isSmall(name, file.Size) {
			small = append(small, File{Name: name, Size: file.Size})
		}
	}
	for len(small) > 1 {
		if small, err = c.round(in, small); err != nil {
			return err
		}
	}
	return nil
}

// isSmall reports whether a file of a partition must be merged.
func isSmall(name string, size int64) bool {
	return size < smallFile || isMerged(name) && size < smallMerged
}

// round merges small files of a partition, which are sorted by name. It returns the files that are
// still small, for the next round: a thousand files become sixteen, and the sixteen become one.
// Each merge replaces two or more files by one, so the number of rounds is limited.
func (c *compaction) round(in string, files []File) (small []File, err error) {
	for len(files) > 0 {
		n, size := 0, int64(0)
		for n < len(files) && n < mergeFiles && size+files[n].Size <= mergeBytes {
			size += files[n].Size
			n++
		}
		if n == 1 { // one file is left over
			return append(small, files[0]), nil
		}
		var names []string
		for _, file := range files[:n] {
			names = append(names, file.Name)
		}
		merged, err := c.merge(in, names)
		if err != nil {
			return nil, err
		}
		if merged.Size > 0 && isSmall(merged.Name, merged.Size) {
			small = append(small, merged)
		}
		files = files[n:]
	}
	return small, nil
}

// replaced deletes the files that a merged file replaces. They still exist if a process died after
// the merge. replaced returns their names, and the errors of merged files that could not be read.
func (c *compaction) replaced(in string, files []File) (replaced map[string]bool, left map[string]error, err error) {
	there := map[string]bool{}
	for _, file := range files {
		there[file.Name[len(in):]] = true
	}
	replaced, left = map[string]bool{}, map[string]error{}
	var gone []string
	for _, file := range files {
		name := file.Name[len(in):]
		if !isMerged(name) {
			continue
		}
		names, err := c.verified(in, name, there)
		for _, other := range names {
			replaced[other] = true
		}
		if err == nil {
			gone = append(gone, names...)
			continue
		}
		left[name] = err
		if err := c.leave(in+name, err); err != nil {
			return nil, nil, err
		}
	}
	slices.Sort(gone)
	return replaced, left, c.deleteAll(in, slices.Compact(gone))
}

// verified returns the names of the existing files that a merged file replaces. It reads the whole
// merged file first, because the caller deletes the replaced files. If the error is ErrNewer,
// verified returns the names too, but the caller does not delete the files.
func (c *compaction) verified(in, name string, there map[string]bool) (names []string, err error) {
	s, r, err := c.open(in + name)
	if r != nil {
		defer r.Close()
	}
	if err != nil && !errors.Is(err, table.ErrNewer) {
		return nil, err
	}
	defer s.Close()
	for _, other := range s.Meta.Replaces {
		if there[other] && other != name {
			names = append(names, other)
		}
	}
	if err != nil || len(names) == 0 {
		return names, err
	}
	for err == nil {
		err = s.Next()
	}
	if !errors.Is(err, io.EOF) {
		return nil, err
	}
	return names, nil
}

// open opens a file of the lake, and reads its footer. The caller closes the reader if it is not
// nil.
func (c *compaction) open(name string) (*table.Source, Reader, error) {
	r, err := c.store.Open(c.ctx, name)
	if err != nil {
		return nil, nil, err
	}
	s, err := table.OpenSource(r, r.Size())
	return s, r, err
}

// leave records in the result that a file cannot be read. It ignores a file that no longer exists,
// because another process has deleted it. If the context has ended, leave returns the context's
// error.
func (c *compaction) leave(name string, err error) error {
	if ctx := c.ctx.Err(); ctx != nil {
		return ctx
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		c.done.Left = append(c.done.Left, Left{name, err})
	}
	return nil
}

// deleteAll deletes files, several at once.
func (c *compaction) deleteAll(in string, names []string) error {
	var deleted atomic.Int64
	defer func() { c.done.Deleted += int(deleted.Load()) }()
	return parallel(c.ctx, waiting, len(names), func(i int) error {
		err := c.store.Delete(c.ctx, in+names[i])
		if err == nil {
			deleted.Add(1)
		}
		return err
	})
}

// merge merges the files with these names into one, and returns it. It leaves out files that
// cannot be read. If it can read fewer than two files, it merges nothing, and returns the zero
// File.
func (c *compaction) merge(in string, names []string) (File, error) {
	for len(names) > 1 {
		meta, bad, err := c.read(in, names)
		if bad < 0 {
			if err != nil {
				return File{}, err
			}
			return c.publish(in, names, meta)
		}
		if err := c.leave(in+names[bad], err); err != nil {
			return File{}, err
		}
		names = slices.Delete(slices.Clone(names), bad, bad+1)
	}
	return File{}, nil
}

// fetch returns the bytes of small files. It reads several at once, and closes them all before it
// returns, because Windows does not delete open files. The result bad is the index of the first
// file with an error, or -1 if the context has ended.
func (c *compaction) fetch(in string, names []string) (data [][]byte, bad int, err error) {
	data, failed := make([][]byte, len(names)), make([]error, len(names))
	err = parallel(c.ctx, waiting, len(names), func(i int) error {
		data[i], failed[i] = c.whole(in + names[i])
		return nil
	})
	if err != nil {
		return nil, -1, err
	}
	if bad = slices.IndexFunc(failed, func(err error) bool { return err != nil }); bad >= 0 {
		return nil, bad, failed[bad]
	}
	return data, -1, nil
}

// whole returns the bytes of a file.
func (c *compaction) whole(name string) ([]byte, error) {
	r, err := c.store.Open(c.ctx, name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	data := make([]byte, r.Size())
	_, err = io.ReadFull(io.NewSectionReader(r, 0, r.Size()), data)
	return data, err
}

// read reads files into the writer, and returns the metadata for the merged file's footer. The
// result bad is the index of the file with the error, or -1 if no file caused the error.
func (c *compaction) read(in string, names []string) (meta table.Meta, bad int, err error) {
	var sources []*table.Source
	var rows int64
	data, bad, err := c.fetch(in, names)
	if err != nil {
		return meta, bad, err
	}
	for i, name := range names {
		s, err := table.OpenBytes(data[i])
		if err != nil {
			return meta, i, err
		}
		defer s.Close()
		sources = append(sources, s)
		rows += s.Rows
		meta.Replaces = append(append(meta.Replaces, name), s.Meta.Replaces...)
		meta.ManyMessages = append(meta.ManyMessages, s.Meta.ManyMessages...)
	}
	c.writer.Reset()
	err = table.Merge(c.ctx, c.writer, sources)
	var source *table.SourceError
	if errors.As(err, &source) {
		return meta, source.Source, source.Err
	}
	if err == nil && c.writer.Rows() != rows {
		err = fmt.Errorf("lake: %s: %d events were merged, but the files have %d", in, c.writer.Rows(), rows)
	}
	slices.Sort(meta.Replaces)
	meta.Replaces = slices.Compact(meta.Replaces)
	slices.Sort(meta.ManyMessages)
	meta.ManyMessages = slices.Compact(meta.ManyMessages)
	return meta, -1, err
}

// publish writes the merged file to the store, and then deletes its sources. If the process dies
// in between, readers skip the sources.
func (c *compaction) publish(in string, names []string, meta table.Meta) (File, error) {
	events := c.writer.Rows()
	file := c.writer.Finish(meta)
	merged := File{Name: mergedName(names), Size: int64(len(file))}
	if err := c.store.Put(c.ctx, in+merged.Name, bytes.NewReader(file), merged.Size); err != nil {
		return File{}, err
	}
	c.count(merged.Name, names, events)
	return merged, c.deleteAll(in, names)
}

// count adds a merged file to the result of Compact. It subtracts the sources that the same call
// of Compact has made.
func (c *compaction) count(merged string, names []string, events int64) {
	c.done.Into++
	c.done.Merged += len(names)
	c.done.Events += events
	for _, name := range names {
		if n, ok := c.made[name]; ok {
			c.done.Into--
			c.done.Merged--
			c.done.Events -= n
		}
	}
	c.made[merged] = events
}

// mergedName returns the name of the file that is merged from the files with these names, which
// are sorted. The same files give the same name, so that a repeated merge replaces its file.
func mergedName(names []string) string {
	hash := sha256.Sum256([]byte(strings.Join(names, " ")))
	return names[0][:idLength] + "-" + hex.EncodeToString(hash[:hashLength/2]) + Suffix
}
