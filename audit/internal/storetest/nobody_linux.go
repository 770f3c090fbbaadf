package storetest

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// AsNobody calls the function do on a thread that opens files as the user nobody, because root may
// read and write everywhere. The thread ends with its goroutine.
func AsNobody(do func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		if os.Getuid() == 0 {
			_, _ = unix.SetfsuidRetUid(65534)
		}
		do()
	}()
	<-done
}
