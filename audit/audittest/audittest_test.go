package audittest_test

import (
	"log/slog"
	"maps"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/audittest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// augment is an example of a user's code. The user tests which events augment logs.
func augment(t *testing.T, l *audit.Logger, item string) {
	l.Log(t.Context(), "image augmented", slog.String("item", item))
}

func TestRecorder(t *testing.T) {
	r := audittest.New(t)
	assert.Empty(t, r.Events())
	augment(t, r.Logger, "XYZ.123")
	events := r.Events()
	assert.Equal(t, []audit.Event{{Time: events[0].Time, App: audittest.App, Message: "image augmented",
		Context: map[string]string{"item": "XYZ.123"}}}, events)
	assert.NoError(t, r.LogSync(t.Context(), "synced"))
	assert.NoError(t, r.Sync(t.Context()))
	assert.Len(t, r.Events(), 2)
	assert.Len(t, events, 1, "a later event must not change the returned slice")
	s := r.Stats()
	assert.EqualValues(t, 2, s.Accepted)
	assert.Equal(t, s.Accepted, s.Written)
	assert.NoError(t, r.Close(t.Context()))
	augment(t, r.Logger, "late")
	assert.Len(t, r.Events(), 2)
	assert.EqualValues(t, 1, r.Stats().Dropped)
}

func TestRecorderOfManyGoroutines(t *testing.T) {
	r := audittest.New(t)
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for range 100 {
				augment(t, r.Logger, "i")
				r.Events()
			}
		})
	}
	wg.Wait()
	assert.Len(t, r.Events(), 2000)
}

func TestCandidates(t *testing.T) {
	assert.Empty(t, audittest.Candidates())
	at := time.Date(2026, 11, 27, 5, 29, 25, 871948000, time.UTC)
	batch := audittest.Candidates(
		audit.Event{Time: at, TraceID: "463ac35c9f6413ad48485a3953bb6124", App: "media-api", Message: "image augmented",
			Context: map[string]string{"item": "XYZ.123", "": "\xff"}, TraceNames: []string{"own"}},
		audit.Event{TraceID: "48485A3953bb6124", Message: "m"},
		audit.Event{})
	require.Len(t, batch, 3)

	c := batch[0]
	assert.Equal(t, at, c.Time())
	assert.Equal(t, "463ac35c9f6413ad48485a3953bb6124", c.TraceID())
	assert.Equal(t, "media-api", c.App())
	assert.Equal(t, "image augmented", c.Message())
	assert.Equal(t, map[string]string{"item": "XYZ.123", "": "\uFFFD"}, maps.Collect(c.Context()))
	value, ok := c.Value("item")
	assert.Equal(t, "XYZ.123", value)
	assert.True(t, ok)
	value, ok = c.Value("none")
	assert.Empty(t, value)
	assert.False(t, ok)

	assert.Equal(t, "48485a3953bb6124", batch[1].TraceID())
	assert.Equal(t, audittest.App, batch[1].App())
	assert.Empty(t, batch[2].TraceID())
	assert.WithinDuration(t, time.Now(), batch[2].Time(), time.Minute, "a zero Time means now")

	for _, c := range batch { // the loop variable is a copy of the candidate
		c.Discard()
		assert.Empty(t, c.Names())
	}
	assert.True(t, batch[0].Discarded())
	batch[0].Pass("own", "a", "b\xff", "a")
	batch[0].Pass("c")
	assert.False(t, batch[0].Discarded())
	assert.Equal(t, []string{"a", "b\uFFFD", "c"}, batch[0].Names(), "Names does not return names that the event had before")
	assert.True(t, batch[1].Discarded())
}

func TestCandidatesOfBadEvents(t *testing.T) {
	assert.PanicsWithValue(t, "audittest.Candidates: audit: the trace ID is not 16 or 32 hexadecimal digits",
		func() { audittest.Candidates(audit.Event{TraceID: "x"}) })
	assert.Panics(t, func() { audittest.Candidates(audit.Event{Message: strings.Repeat("m", 1<<20)}) })
}
