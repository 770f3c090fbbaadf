package peers_test

import (
	"os"
	"syscall"
)

func memory(ended *os.ProcessState) int64 {
	return ended.SysUsage().(*syscall.Rusage).Maxrss << 10
}
