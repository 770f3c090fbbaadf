//go:build cgo

package cgocall_test

import (
	"context"
	"testing"

	"example.com/clew/internal/mark"
	"example.com/clew/internal/mark/cgocall"
	"github.com/stretchr/testify/assert"
)

// A function that C calls runs in the goroutine that has called C, and finds the mark of this
// goroutine.
func TestCallback(t *testing.T) {
	mark.On()
	outer := context.WithValue(t.Context(), key{}, "outer")
	inner := context.WithValue(t.Context(), key{}, "inner")
	mark.Run(&mark.Call{Ctx: outer, Fn: func(context.Context) {
		cgocall.Call(func() {
			assert.Equal(t, outer, mark.Find(), "below C")
			mark.Run(&mark.Call{Ctx: inner, Fn: func(context.Context) {
				assert.Equal(t, inner, mark.Find(), "a mark below C")
			}}, true)
			assert.Equal(t, outer, mark.Find(), "below C, afterwards")
		})
		assert.Equal(t, outer, mark.Find(), "afterwards")
	}}, true)
	cgocall.Call(func() { assert.Nil(t, mark.Find(), "below C, without a mark") })
}

type key struct{}
