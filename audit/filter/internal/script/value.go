//go:build !386 && !arm

package script

import (
	"unsafe"

	"modernc.org/libquickjs"
)

// value is a JavaScript value of 16 bytes: one half is the content, the other is a tag for its
// type.
type value = libquickjs.TJSValue

const valueSize = 16

func immediate(tag int64, payload uint64) (v value) {
	*(*uint64)(unsafe.Pointer(&v)) = payload
	v.Ftag = tag
	return v
}

func number(f float64) (v value) {
	*(*float64)(unsafe.Pointer(&v)) = f
	v.Ftag = libquickjs.EJS_TAG_FLOAT64
	return v
}

func tagOf(v value) int { return int(int32(v.Ftag)) }

// isTrue reports whether a boolean is true.
func isTrue(v value) bool { return uint32(*(*uint64)(unsafe.Pointer(&v))) != 0 }

// pointer returns the address of an object.
func pointer(v value) uintptr { return *(*uintptr)(unsafe.Pointer(&v)) }
