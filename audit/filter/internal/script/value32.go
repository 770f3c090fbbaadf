//go:build 386 || arm

package script

import (
	"math"

	"modernc.org/libquickjs"
)

// value is a JavaScript value of 8 bytes, as the engine packs it on 32-bit machines: a number, or
// a NaN whose other bits contain another value.
type value = libquickjs.TJSValue

const (
	valueSize = 8

	// floatAddend is added to the upper half of a packed number to make it a float64.
	floatAddend = 0x7ff80000 - libquickjs.EJS_TAG_FIRST + 1
)

func immediate(tag int64, payload uint64) value {
	return uint64(uint32(int32(tag)))<<32 | uint64(uint32(payload))
}

func number(f float64) value { return math.Float64bits(f) - floatAddend<<32 }

func tagOf(v value) int {
	tag := int32(v >> 32)
	if uint32(tag-libquickjs.EJS_TAG_FIRST) >= libquickjs.EJS_TAG_FLOAT64-libquickjs.EJS_TAG_FIRST {
		return libquickjs.EJS_TAG_FLOAT64
	}
	return int(tag)
}

// isTrue reports whether a boolean is true.
func isTrue(v value) bool { return uint32(v) != 0 }

// pointer returns the address of an object.
func pointer(v value) uintptr { return uintptr(uint32(v)) }
