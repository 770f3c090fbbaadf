package filter_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/audittest"
	"example.com/clew/audit/filter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rule returns the YAML of a filter that passes an event if expression is true. The argument more
// contains additional lines, such as the apps.
func rule(name, expression string, more ...string) string {
	return fmt.Sprintf("name: %q\n%s\njs: |\n  function filter(event) {\n    return %s\n  }\n", name, strings.Join(more, "\n"), expression)
}

// throws is a JavaScript expression that throws an error.
const throws = `null.x`

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600))
}

func remove(t testing.TB, dir, name string) {
	t.Helper()
	require.NoError(t, os.Remove(filepath.Join(dir, name)))
}

// open opens a Set for a service with Config.Filtered. The Set is closed when the test ends.
func open(t testing.TB, cfg filter.Config) *filter.Set {
	t.Helper()
	cfg.App, cfg.Filtered = "media-api", true
	return openAs(t, cfg)
}

func openAs(t testing.TB, cfg filter.Config) *filter.Set {
	t.Helper()
	s, err := filter.Open(cfg)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close(context.Background())) })
	return s
}

// poll waits until the source has been read again. It must be called in a bubble of synctest.
func poll() {
	time.Sleep(34 * time.Second)
	synctest.Wait()
}

// event returns an event of a client.
func event(client string) audit.Event {
	return audit.Event{Time: time.UnixMicro(1), Message: "m", Context: map[string]string{"client": client}}
}

// verdicts lets the Set judge one event for each client. It returns what happened to each event:
// the names of the filters that passed it, "discarded", or "" if the event is written unchanged.
func verdicts(s *filter.Set, clients ...string) []string {
	var events []audit.Event
	for _, client := range clients {
		events = append(events, event(client))
	}
	batch := audittest.Candidates(events...)
	s.Judge(batch)
	var got []string
	for _, c := range batch {
		verdict := strings.Join(c.Names(), " ")
		if c.Discarded() {
			verdict += "discarded"
		}
		got = append(got, verdict)
	}
	return got
}

// is(client) returns an expression that is true for events of that client.
func is(client string) string { return fmt.Sprintf("event.context.client == %q", client) }

func adds(t testing.TB, s *filter.Set) {
	t.Helper()
	e := s.Stats().Events
	assert.Equal(t, e.Judged, e.Passed+e.Kept+e.Discarded, "each judged event must be passed, kept or discarded: %+v", e)
}
