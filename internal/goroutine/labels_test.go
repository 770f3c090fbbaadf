package goroutine_test

import (
	"context"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"

	"example.com/clew/internal/goroutine"
	"github.com/stretchr/testify/assert"
)

// Each goroutine finds its own labels while others look for theirs.
func TestLabels(t *testing.T) {
	t.Setenv("GODEBUG", "tracebacklabels=1")
	assert.Empty(t, goroutine.Labels(), "labels of a goroutine without labels")
	var all sync.WaitGroup
	for _, of := range []string{"a", "b", "c", strings.Repeat("long", 5000)} {
		all.Go(func() {
			pprof.Do(context.Background(), pprof.Labels("of", of), func(context.Context) {
				for range 20 {
					assert.Equal(t, "of: "+of, goroutine.Labels())
				}
			})
			assert.Empty(t, goroutine.Labels(), "labels after pprof.Do")
		})
	}
	all.Wait()
}
