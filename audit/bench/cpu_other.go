//go:build !unix

package main

import "time"

// cpu returns 0, because the processor time is not known on this system. So columns of processor
// time show 0.
func cpu() time.Duration { return 0 }
