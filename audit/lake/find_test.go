package lake_test

import (
	"math/rand/v2"
	"reflect"
	"testing"

	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRandomQuestions(t *testing.T) {
	c := newCorpus(t, 200_000, 200, 3, 12_000)
	store := c.store(t, 3)
	require.Len(t, store.journal, 3)
	require.Greater(t, len(store.Files()), 12)
	r := rand.New(rand.NewPCG(1, 2))
	some := 0
	for range 100 {
		q := c.random(r)
		want := c.answer(&q)
		got, report := collect(t, q, store)
		require.Empty(t, report.Skipped)
		require.Len(t, got, len(want), "%+v", q)
		for i := range want {
			require.True(t, reflect.DeepEqual(want[i], got[i]), "%+v: event %d: %+v, want %+v", q, i, got[i], want[i])
		}
		n, err := lake.Count(t.Context(), q, nil, store)
		require.NoError(t, err)
		require.EqualValues(t, len(want), n, "%+v", q)
		if len(want) > 0 {
			some++
		}
	}
	assert.Greater(t, some, 60)
}
