package storetest

import (
	"os"
	"runtime"

	"golang.org/x/sys/unix"
)

// AsNobody calls do. Root may read and write where nobody may: so do's thread asks for files as
// another user, and ends with the goroutine that has it.
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
