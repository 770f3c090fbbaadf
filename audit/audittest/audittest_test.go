package audittest_test

import (
	"log/slog"
	"sync"
	"testing"

	"example.com/clew/audit"
	"example.com/clew/audit/audittest"
	"github.com/stretchr/testify/assert"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// augment is code under test.
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
	assert.Len(t, events, 1, "the slice is the caller's")
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
