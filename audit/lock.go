package audit

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"example.com/clew/audit/internal/filelock"
)

// lockName is the name of a file in a journal's directory. The Logger of the directory locks this
// file. The file stays when the lock is released. If it were deleted, two processes could lock two
// files of that name.
const lockName = "LOCK"

// dirLock is the lock of a journal's directory. The operating system releases it when the process
// dies.
type dirLock struct {
	dir    string
	holder string
	f      *os.File
}

// lockDir locks a directory, and makes the directory if needed. If another Logger holds the lock,
// the error names that Logger.
func lockDir(dir, app string) (*dirLock, error) {
	k := &dirLock{
		dir:    dir,
		holder: fmt.Sprintf("pid %d, app %q, since %s\n", os.Getpid(), app, time.Now().UTC().Format(time.RFC3339)),
	}
	return k, k.take()
}

func (k *dirLock) take() error {
	if err := os.MkdirAll(k.dir, 0o777); err != nil {
		return err
	}
	f, err := os.OpenFile(filepath.Join(k.dir, lockName), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return err
	}
	if err = filelock.Try(f); err == nil {
		k.f = f
		return k.sign()
	}
	if errors.Is(err, filelock.ErrHeld) {
		holder, _ := io.ReadAll(io.LimitReader(f, 1<<11))
		err = fmt.Errorf("%s is in use by another Logger: %s", filepath.Dir(k.dir), printable(holder))
	}
	return errors.Join(err, f.Close())
}

// sign writes the holder's name into the file.
func (k *dirLock) sign() error {
	err := k.f.Truncate(0)
	if err == nil {
		_, err = k.f.WriteAt([]byte(k.holder), 0)
	}
	if err != nil {
		return errors.Join(err, k.release())
	}
	return nil
}

// renew takes the lock again if the file LOCK was deleted, usually together with its directory.
func (k *dirLock) renew() error {
	if k.f != nil {
		ours, err := k.f.Stat()
		if err != nil {
			return err
		}
		named, err := os.Stat(k.f.Name())
		if err == nil && os.SameFile(ours, named) {
			return nil
		}
	}
	if err := k.release(); err != nil {
		return err
	}
	return k.take()
}

func (k *dirLock) release() error {
	if k.f == nil {
		return nil
	}
	f := k.f
	k.f = nil
	return f.Close()
}

// printable returns the content of the file LOCK as a text for an error message. The file may
// contain any bytes.
func printable(holder []byte) string {
	s := strings.TrimSpace(string(holder))
	if s == "" {
		return "it has not written its name yet"
	}
	for _, r := range s {
		if r < ' ' || r > '~' {
			return fmt.Sprintf("%q", s)
		}
	}
	return s
}
