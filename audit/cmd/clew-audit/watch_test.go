package main

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// Each error is said once, within two seconds, and not more than twenty of them.
func TestWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var last atomic.Value
		last.Store("")
		var said []string
		unwatch := watch(func() (int64, string) {
			text := last.Load().(string)
			return int64(len(text)), text
		}, func(format string, args ...any) {
			said = append(said, fmt.Sprintf(format, args...))
		})
		fail := func(text string, d time.Duration) {
			last.Store(text)
			time.Sleep(d)
			synctest.Wait()
		}
		fail("", 5*time.Second)
		assert.Empty(t, said, "without an error")
		fail("no space left on device", watchEvery)
		fail("no space left on device", time.Minute)
		assert.Equal(t, []string{"trying again: no space left on device"}, said)
		for i := range 30 {
			fail(fmt.Sprint(i), watchEvery)
		}
		assert.Len(t, said, named)
		unwatch()
		fail("later", time.Minute)
		assert.Len(t, said, named)
	})
}
