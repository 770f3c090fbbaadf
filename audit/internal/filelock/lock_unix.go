//go:build unix

package filelock

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// Try locks f until it is closed, or until the process ends. If another open file, in this process
// or in another one, holds the lock, the error is ErrHeld.
func Try(f *os.File) error {
	err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return ErrHeld
	}
	return err
}

// SyncDir calls fsync for the directory f, so that its entries are on disk.
func SyncDir(f *os.File) error { return f.Sync() }
