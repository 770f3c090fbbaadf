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
			assert.Equal(t, outer, mark.Find(), "mark in a function that C calls")
			mark.Run(&mark.Call{Ctx: inner, Fn: func(context.Context) {
				assert.Equal(t, inner, mark.Find(), "inner mark in a function that C calls")
			}}, true)
			assert.Equal(t, outer, mark.Find(), "mark in a function that C calls, after the inner mark")
		})
		assert.Equal(t, outer, mark.Find(), "mark after the call of C")
	}}, true)
	cgocall.Call(func() { assert.Nil(t, mark.Find(), "mark in a function that C calls in a goroutine without a mark") })
}

type key struct{}
