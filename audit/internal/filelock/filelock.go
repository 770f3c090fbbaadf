// Package filelock is what the journal and a store on a directory need of the system: a lock that
// ends with its process, and directories that are on disk.
package filelock

import "errors"

// ErrHeld is the error of a lock that somebody holds.
var ErrHeld = errors.New("held")
