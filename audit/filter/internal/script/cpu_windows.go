package script

import (
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

var getThreadTimes = windows.NewLazySystemDLL("kernel32.dll").NewProc("GetThreadTimes")

// threadCPU returns the processor time that the calling thread has used. Windows counts it in
// clock ticks of about 16 ms.
func threadCPU() time.Duration {
	spent, _ := threadTimes(windows.CurrentThread())
	return spent
}

func threadTimes(thread windows.Handle) (spent time.Duration, ok bool) {
	var created, ended, kernel, user windows.Filetime
	done, _, _ := getThreadTimes.Call(uintptr(thread),
		uintptr(unsafe.Pointer(&created)), uintptr(unsafe.Pointer(&ended)),
		uintptr(unsafe.Pointer(&kernel)), uintptr(unsafe.Pointer(&user)))
	if done == 0 {
		return 0, false
	}
	return ticks(kernel) + ticks(user), true
}

func ticks(t windows.Filetime) time.Duration {
	return 100 * time.Duration(uint64(t.HighDateTime)<<32|uint64(t.LowDateTime))
}
