package script_test

import (
	"bytes"
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"example.com/clew/audit/filter/internal/script"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func newArena(t *testing.T) *script.Arena {
	a, err := script.NewArena()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, a.Unmap()) })
	return a
}

// A block keeps its bytes while other blocks are allocated and freed. When all blocks are freed,
// the arena is as new.
func TestArena(t *testing.T) {
	for seed := range uint64(8) {
		a, random := newArena(t), rand.New(rand.NewPCG(seed, 0))
		size := func() int { return random.IntN(1 << random.IntN(19)) }
		type kept struct {
			block []byte
			fill  byte
		}
		var live []kept
		check := func(k kept, n int) {
			require.Equal(t, n, bytes.Count(k.block[:n], []byte{k.fill}), "seed %d", seed)
		}
		refill := func(b []byte) kept {
			fill := byte(random.IntN(256))
			for i := range b[:cap(b)] {
				b[:cap(b)][i] = fill
			}
			return kept{b, fill}
		}
		for range 5_000 {
			i := random.IntN(max(1, len(live)))
			switch action := random.IntN(5); {
			case len(live) == 0 || action < 2:
				if b := a.Malloc(size()); b != nil {
					require.Zero(t, uintptr(unsafe.Pointer(unsafe.SliceData(b)))%16)
					live = append(live, refill(b))
				}
			case action == 2:
				old, n := live[i], 1+size()
				if b := a.Realloc(old.block, n); b != nil {
					check(kept{b, old.fill}, min(len(old.block), n))
					live[i] = refill(b)
				}
			default:
				check(live[i], len(live[i].block))
				a.Free(live[i].block)
				live[i] = live[len(live)-1]
				live = live[:len(live)-1]
			}
		}
		for _, k := range live {
			check(k, len(k.block))
			a.Free(k.block)
		}
		used, isNew := a.Used()
		assert.Zero(t, used)
		assert.True(t, isNew)
	}
}

func TestArenaFull(t *testing.T) {
	a := newArena(t)
	for _, size := range []int{-1, script.MaxMemory, math.MaxInt} {
		assert.Nil(t, a.Malloc(size), "%d", size)
	}
	all := a.Malloc(script.MaxMemory - 64)
	require.NotNil(t, all)
	assert.Nil(t, a.Malloc(100))
	assert.Nil(t, a.Realloc(all, script.MaxMemory+1))
	assert.Nil(t, a.Realloc(all, script.MaxMemory-1), "with its header, the block needs one cell too many")
	all = a.Realloc(all, 100)
	require.Len(t, all, 100)
	rest := a.Malloc(script.MaxMemory - 4096)
	require.NotNil(t, rest, "memory that was freed can be allocated again")
	a.Free(all)
	a.Free(rest)
	_, isNew := a.Used()
	assert.True(t, isNew)
}
