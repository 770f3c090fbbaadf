// Package filelock has the system calls that package audit's journal and lake's directories need:
// a lock that ends with its process, and an fsync of directories.
package filelock

import "errors"

// ErrHeld is the error of a lock that somebody holds.
var ErrHeld = errors.New("held")
