package main

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// watch reports an error within two seconds, and then once a minute as long as there are new
// errors.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var errors atomic.Int64
		var said []string
		unwatch := watch(func() (int64, string) {
			n := errors.Load()
			return n, fmt.Sprintf("segment %d: no space left on device", n)
		}, func(format string, args ...any) {
			said = append(said, fmt.Sprintf(format, args...))
		})
		pass := func(n int, more int64) {
			for range n {
				errors.Add(more)
				time.Sleep(time.Second)
			}
			synctest.Wait()
		}
		time.Sleep(time.Second / 2) // so that no error happens at the moment of a tick
		pass(5, 0)
		assert.Empty(t, said, "nothing is reported without an error")
		pass(2, 1)
		assert.Equal(t, []string{"trying again: segment 1: no space left on device"}, said)
		pass(150, 1)
		assert.Len(t, said, 3)
		pass(150, 0)
		assert.Len(t, said, 3, "nothing is reported after the last error")
		unwatch()
		pass(150, 1)
		assert.Len(t, said, 3)
	})
}
