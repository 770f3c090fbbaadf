//go:build unix

package filelock

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Try locks f until it is closed, also by the end of the process. Another opening of the file is
// refused with ErrHeld, in the same process too.
func Try(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrHeld
	}
	return err
}

// SyncDir has the entries of the directory f on disk.
func SyncDir(f *os.File) error { return f.Sync() }
