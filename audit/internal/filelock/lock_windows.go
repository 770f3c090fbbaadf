package filelock

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// Try locks f until it is closed, also by the end of the process. Another opening of the file is
// refused with ErrHeld. The byte that is locked lies far behind the file's end: others could not
// read a locked byte, and they read the holder's name.
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
