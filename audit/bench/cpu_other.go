//go:build !unix

package main

import "time"

// cpu is not known on this system, so columns of processor time are 0.
func cpu() time.Duration { return 0 }
