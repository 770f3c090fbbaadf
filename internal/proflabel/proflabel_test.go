package proflabel_test

import (
	"context"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"

	"example.com/clew/internal/proflabel"
	"github.com/stretchr/testify/assert"
)

// Each goroutine finds its own labels, whoever looks beside it.
func TestMine(t *testing.T) {
	t.Setenv("GODEBUG", "tracebacklabels=1")
	assert.Empty(t, proflabel.Mine(), "no labels")
	var all sync.WaitGroup
	for _, of := range []string{"a", "b", "c", strings.Repeat("long", 5000)} {
		all.Go(func() {
			pprof.Do(context.Background(), pprof.Labels("of", of), func(context.Context) {
				for range 20 {
					assert.Equal(t, "of: "+of, proflabel.Mine())
				}
			})
			assert.Empty(t, proflabel.Mine(), "labels afterwards")
		})
	}
	all.Wait()
}
