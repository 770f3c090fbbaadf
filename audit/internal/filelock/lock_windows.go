package filelock

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// Try locks f until it is closed, or until the process ends. If another open file holds the lock,
// the error is ErrHeld. The locked byte is far after the file's end. Other processes cannot read a
// locked byte, and they must be able to read the holder's name in the file.
func Try(f *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	err := windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, &windows.Overlapped{OffsetHigh: 1 << 20})
	if errors.Is(err, windows.ERROR_LOCK_VIOLATION) {
		return ErrHeld
	}
	return err
}

// SyncDir does nothing: Windows has no fsync of directories, and NTFS logs their changes.
func SyncDir(*os.File) error { return nil }
