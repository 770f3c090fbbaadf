package lake

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"example.com/clew/audit/internal/filelock"
)

// tempPrefix begins the names of files that are not complete yet. Hive's engines ignore names that
// begin with an underscore.
const tempPrefix = "_tmp-"

// dir is a directory. It keeps nothing open between calls, so the next Put makes the directory
// again if it was deleted.
type dir struct{ path string }

// Dir returns the store of a directory. The first Put makes the directory if it is not there. With
// an empty path, every method returns an error. A relative path starts at the working directory of
// each call.
//
// Put writes to a temporary name, and renames the file when its bytes are on disk. List skips
// links, and names that begin with "_" or ".". No name leads out of the directory, not even
// through a link. Delete also removes the directories that it leaves empty. Lock removes temporary
// files that a crash has left.
func Dir(path string) Store { return dir{path} }

// String returns the path.
func (d dir) String() string { return d.path }

// open returns the directory. If it is not there, the error is fs.ErrNotExist.
func (d dir) open(ctx context.Context) (*os.Root, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if d.path == "" {
		return nil, errors.New("lake: the directory's path is empty")
	}
	return os.OpenRoot(d.path)
}

// create opens the directory, and makes it if it is not there.
func (d dir) create(ctx context.Context) (*os.Root, error) {
	root, err := d.open(ctx)
	if !errors.Is(err, fs.ErrNotExist) {
		return root, err
	}
	if err := makeDir(filepath.Clean(d.path)); err != nil {
		return nil, err
	}
	return d.open(ctx)
}

// makeDir makes the directory at path and its parents, and syncs the entry of each to disk.
func makeDir(path string) error {
	err := os.Mkdir(path, 0o777)
	parent := filepath.Dir(path)
	if errors.Is(err, fs.ErrNotExist) && parent != path {
		if err := makeDir(parent); err != nil {
			return err
		}
		err = os.Mkdir(path, 0o777)
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	f, err := os.Open(parent)
	if err != nil {
		return err
	}
	return closeAfter(f, filelock.SyncDir(f))
}

// checkName returns an error for a name that a file in the store cannot have. Put must not make a
// file whose name begins with "_" or ".", because List would not show it.
func checkName(name string) error {
	if name == "." || !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00") ||
		slices.ContainsFunc(strings.Split(name, "/"), hidden) {
		return fmt.Errorf("lake: %q is not the name of a file in a store", name)
	}
	return nil
}

func hidden(name string) bool { return name[0] == '_' || name[0] == '.' }

func (d dir) Put(ctx context.Context, name string, from io.ReaderAt, size int64) error {
	if err := checkName(name); err != nil {
		return err
	}
	root, err := d.create(ctx)
	if err != nil {
		return err
	}
	defer root.Close()
	temp := tempPrefix + rand.Text()
	err = writeSynced(ctx, root, temp, io.NewSectionReader(from, 0, size), size)
	if err == nil {
		err = publish(root, temp, name)
	}
	if err != nil {
		root.Remove(temp)
		return fmt.Errorf("lake: %s: %w", name, err)
	}
	return nil
}

func writeSynced(ctx context.Context, root *os.Root, name string, from io.Reader, size int64) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, from)
	if err == nil && n != size {
		err = io.ErrUnexpectedEOF
	}
	if err == nil {
		err = ctx.Err()
	}
	if err == nil {
		err = f.Sync()
	}
	return closeAfter(f, err)
}

// publish makes the directory of name, and renames temp to name. It may need a few attempts,
// because Delete may remove the directory while it is still empty.
func publish(root *os.Root, temp, name string) (err error) {
	for range 100 {
		if err = root.MkdirAll(path.Dir(name), 0o777); err == nil {
			err = root.Rename(temp, name)
		}
		// MkdirAll returns ErrExist too if a directory is removed while it is being made.
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
			break
		}
	}
	if err != nil {
		return err
	}
	// This syncs all directories, not only those that were made here. Another Put may have made
	// some of them a moment ago, and not have synced them yet.
	for name != "." {
		name = path.Dir(name)
		f, err := root.Open(name)
		if err != nil {
			return err
		}
		if err := closeAfter(f, filelock.SyncDir(f)); err != nil {
			return err
		}
	}
	return nil
}

func closeAfter(f *os.File, err error) error {
	if closed := f.Close(); err == nil {
		err = closed
	}
	return err
}

func (d dir) List(ctx context.Context, prefix string) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		name, slash := strings.CutSuffix(prefix, "/")
		if prefix == "" {
			name = "."
		} else if err := checkName(name); err != nil || !slash {
			yield(File{}, fmt.Errorf("lake: %q is not the prefix of a store", prefix))
			return
		}
		root, err := d.open(ctx)
		if err == nil {
			defer root.Close()
			list(ctx, root, name, yield)
		} else if !errors.Is(err, fs.ErrNotExist) {
			yield(File{}, err)
		}
	}
}

// list yields the files below the directory name. It leaves out files that another process deletes
// meanwhile. For a directory that cannot be read it yields an error, and then continues. It
// returns false when yield returns false.
func list(ctx context.Context, root *os.Root, name string, yield func(File, error) bool) bool {
	entries, err := readDir(root, name)
	if ctx.Err() != nil {
		yield(File{}, ctx.Err())
		return false
	}
	if err != nil { // the entries that were read are not used, because others are missing
		return errors.Is(err, fs.ErrNotExist) || !mayHold(name) || yield(File{}, err)
	}
	for _, entry := range entries {
		below := path.Join(name, entry.Name())
		switch {
		case hidden(entry.Name()):
		case entry.IsDir():
			if !list(ctx, root, below, yield) {
				return false
			}
		case entry.Type().IsRegular():
			info, err := entry.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			if err != nil {
				return yield(File{}, err)
			}
			if !yield(File{Name: below, Size: info.Size(), Modified: info.ModTime()}, nil) {
				return false
			}
		}
	}
	return true
}

// mayHold reports whether a directory can contain files of clew. Other directories, such as
// lost+found, need not be readable.
func mayHold(name string) bool {
	if name == "." {
		return true
	}
	layout := strings.Split(partitionLayout, "/")
	for i, part := range strings.Split(name, "/") {
		column, _, _ := strings.Cut(layout[min(i, len(layout)-1)], "=")
		if !strings.HasPrefix(part, column+"=") {
			return false
		}
	}
	return true
}

// readDir returns the entries of a directory. They are sorted so that the names of all files below
// them are in order.
func readDir(root *os.Root, name string) ([]fs.DirEntry, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	entries, err := f.ReadDir(-1)
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return cmp.Compare(sortName(a), sortName(b)) })
	return entries, err
}

func sortName(e fs.DirEntry) string {
	if e.IsDir() {
		return e.Name() + "/"
	}
	return e.Name()
}

// file is an open file of a dir, with the size that it had when it was opened.
type file struct {
	*os.File
	size int64
}

func (f file) Size() int64 { return f.size }

func (d dir) Open(ctx context.Context, name string) (Reader, error) {
	if err := checkName(name); err != nil {
		return nil, err
	}
	root, err := d.open(ctx)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("lake: %s is not a file", name)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return file{f, info.Size()}, nil
}

func (d dir) Delete(ctx context.Context, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	root, err := d.open(ctx)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer root.Close()
	info, err := root.Lstat(name)
	if err == nil && info.IsDir() {
		return fmt.Errorf("lake: %s is not a file", name)
	}
	if err == nil {
		err = root.Remove(name)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	for name = path.Dir(name); name != "." && root.Remove(name) == nil; name = path.Dir(name) {
	}
	return nil
}
