// Package filelock has the system calls that the journal of package audit and the directories of
// package lake need: a lock that ends with its process, and an fsync of directories.
package filelock

import "errors"

// ErrHeld is the error of Try if the file is already locked.
var ErrHeld = errors.New("held")
