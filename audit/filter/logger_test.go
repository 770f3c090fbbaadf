package filter_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"

	"example.com/clew/audit"
	"example.com/clew/audit/filter"
	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A Logger with a Set writes events to files. A query for a filter's name finds the events that
// the filter passed.
func TestLogger(t *testing.T) {
	const clients, each = 8, 500
	dir, source := t.TempDir(), t.TempDir()
	write(t, source, "anton.yaml", rule("anton", is("3")))
	write(t, source, "even.yaml", rule("even", "Number(event.context.client) % 2 == 0"))
	write(t, source, "bad.yaml", rule("bad", throws))
	s := open(t, filter.Config{Source: source, Dir: dir})
	l, err := audit.Open(audit.Config{Dir: dir, App: "media-api", Filter: s.Judge})
	require.NoError(t, err)
	var wg sync.WaitGroup
	for client := range clients {
		wg.Go(func() {
			for range each {
				l.Log(t.Context(), "delivered", slog.String("client", fmt.Sprint(client)))
			}
		})
	}
	wg.Wait()
	require.NoError(t, l.LogSync(t.Context(), "captured", slog.String("client", "1")), "LogSync writes an event that no filter passes")
	require.NoError(t, l.LogSync(t.Context(), "captured", slog.String("client", "3")))
	require.NoError(t, l.Close(context.Background()))

	st := l.Stats()
	assert.EqualValues(t, clients*each+2, st.Accepted)
	assert.Equal(t, st.Accepted, st.Written+st.Buffered+st.Failed+st.Discarded)
	assert.EqualValues(t, 3*each, st.Discarded, "the events of the clients 1, 5 and 7 are discarded")
	count := func(q lake.Query) int64 {
		n, err := lake.Count(t.Context(), q, nil, lake.Dir(dir))
		require.NoError(t, err)
		return n
	}
	assert.EqualValues(t, each+1, count(lake.Query{TraceName: "anton"}), "the count includes one event of LogSync")
	assert.EqualValues(t, 4*each, count(lake.Query{TraceName: "even"}))
	assert.EqualValues(t, 0, count(lake.Query{TraceName: "bad"}))
	assert.EqualValues(t, 2, count(lake.Query{Message: "captured"}), "events of LogSync are not discarded")
	assert.EqualValues(t, 5*each+2, count(lake.Query{}))
	for e, err := range lake.Find(t.Context(), lake.Query{TraceName: "anton", Limit: 1}, nil, lake.Dir(dir)) {
		require.NoError(t, err)
		assert.Equal(t, []string{"anton"}, e.TraceNames)
	}
	adds(t, s)
	assert.EqualValues(t, st.Accepted, s.Stats().Events.Judged)
	assert.NotNil(t, s.Stats().Filters[1].Off, "the filter bad is off")
}
