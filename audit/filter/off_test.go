package filter_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/audit/filter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
)

// exhaust lets the Set judge events until a filter is switched off. One filter must throw on each
// event.
func exhaust(t testing.TB, s *filter.Set) {
	t.Helper()
	for range 1000 {
		verdicts(s, "x")
		for _, f := range s.Stats().Filters {
			if f.Off != nil {
				return
			}
		}
	}
	t.Fatal("no filter went off")
}

// A filter that fails is switched off and reported. The other filters go on.
func TestOff(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "bad.yaml", rule("bad", throws))
	write(t, dir, "good.yaml", rule("good", is("a")))
	synctest.Test(t, func(t *testing.T) {
		var lines bytes.Buffer
		var offs []filter.Off
		s := open(t, filter.Config{Source: dir, Logger: slog.New(slog.NewJSONHandler(&lines, nil)),
			OnOff: func(off filter.Off) { offs = append(offs, off) }})
		exhaust(t, s)
		synctest.Wait()
		require.Len(t, offs, 1)
		off := offs[0]
		assert.Equal(t, "bad", off.Name)
		assert.Equal(t, "bad.yaml", off.File)
		assert.Equal(t, 5, off.Line, "Line is the line of the file")
		assert.Contains(t, off.Reason, "null")
		assert.False(t, off.AllOff)
		var line map[string]any
		require.NoError(t, json.Unmarshal(lines.Bytes(), &line), "there must be one log line: %s", lines.String())
		assert.Equal(t, "audit filter switched off", line["msg"])
		assert.Equal(t, "bad", line["filter"])
		assert.EqualValues(t, 5, line["line"])
		assert.Equal(t, off.Reason, line["reason"])
		assert.Equal(t, "the other filters go on", line["consequence"])

		st := s.Stats().Filters
		assert.Equal(t, &off, st[0].Off)
		assert.Equal(t, st[0].Errors, st[0].Calls)
		assert.Contains(t, st[0].LastError, "line 5:")
		assert.Nil(t, st[1].Off)
		assert.Equal(t, []string{"good", "discarded"}, verdicts(s, "a", "b"))
		assert.Equal(t, st[0].Calls, s.Stats().Filters[0].Calls, "a filter that is off is not called any more")
		adds(t, s)
	})
}

// A filter that was switched off is on again when its own file changes, but not when another file
// changes.
func TestComesBack(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "bad.yaml", rule("bad", "event.context.client == 'a' || "+throws))
	write(t, dir, "good.yaml", rule("good", is("b")))
	synctest.Test(t, func(t *testing.T) {
		s := open(t, filter.Config{Source: dir})
		exhaust(t, s)
		calls := s.Stats().Filters[0].Calls
		write(t, dir, "good.yaml", rule("good", is("c")))
		poll()
		assert.Equal(t, []string{"discarded", "discarded", "good"}, verdicts(s, "a", "b", "c"))
		write(t, dir, "bad.yaml", "name: [")
		poll()
		assert.NotNil(t, s.Stats().Filters[0].Off, "the last good version of the filter must stay off")
		write(t, dir, "bad.yaml", rule("bad", "event.context.client == 'a' || "+throws)+"# try again\n")
		poll()
		st := s.Stats().Filters[0]
		assert.Nil(t, st.Off)
		assert.Less(t, st.Calls, calls, "the new version must count its calls from zero")
		assert.Equal(t, []string{"bad", "discarded", "good"}, verdicts(s, "a", "b", "c"))
		exhaust(t, s)
		assert.NotNil(t, s.Stats().Filters[0].Off, "the new version must go off for the same fault")
	})
}

// If a script has moved in its file since it was evaluated, the line of a fault is the current
// one.
func TestLineOfAScriptThatMoved(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "bad.yaml", rule("bad", throws))
	synctest.Test(t, func(t *testing.T) {
		s := open(t, filter.Config{Source: dir})
		write(t, dir, "bad.yaml", "# a comment\n\n"+rule("bad", throws))
		poll()
		exhaust(t, s)
		assert.Equal(t, 7, s.Stats().Filters[0].Off.Line)
	})
}

// While all filters are off, Config.Broken decides about the events. It decides already in the
// batch in which the last filter goes off.
func TestAllOff(t *testing.T) {
	many := make([]string, 5000)
	for _, c := range []struct {
		name        string
		cfg         filter.Config
		kept        []int // events kept of 5000: at once, a minute later, and half a second after that
		consequence string
	}{
		{"keep", filter.Config{}, []int{1000, 1000, 500}, "events are kept, 1000 a second at most"},
		{"keep at a rate", filter.Config{KeepRate: 10}, []int{10, 10, 5}, "events are kept, 10 a second at most"},
		{"discard", filter.Config{Broken: filter.Discard}, []int{0, 0, 0}, "all events are discarded"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, "bad.yaml", rule("bad", throws))
			synctest.Test(t, func(t *testing.T) {
				var lines strings.Builder
				var offs []filter.Off
				c.cfg.Source, c.cfg.Logger = dir, slog.New(slog.NewTextHandler(&lines, nil))
				c.cfg.OnOff = func(off filter.Off) { offs = append(offs, off) }
				s := open(t, c.cfg)
				kept := func() (n int) {
					for _, verdict := range verdicts(s, many...) {
						if verdict == "" {
							n++
						}
					}
					return n
				}
				assert.Equal(t, c.kept[0], kept(), "events kept of the batch in which the filter goes off")
				assert.Zero(t, kept(), "a second batch at the same instant must be discarded")
				time.Sleep(time.Minute)
				assert.Equal(t, c.kept[1], kept(), "after a pause, at most the events of one second are kept")
				time.Sleep(time.Second / 2)
				assert.Equal(t, c.kept[2], kept())
				synctest.Wait()
				require.Len(t, offs, 1)
				assert.True(t, offs[0].AllOff)
				assert.Contains(t, lines.String(), c.consequence)
				assert.EqualValues(t, c.kept[0]+c.kept[1]+c.kept[2], s.Stats().Events.Kept)
				adds(t, s)
				require.NoError(t, s.Close(t.Context()))
				assert.Equal(t, len(many), kept(), "a closed Set must keep all events")
			})
		})
	}
}

// The only filter that is on is removed, and all others are off. This is reported like the
// switch-off of the last filter.
func TestAllOffWithoutAFault(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "bad.yaml", rule("bad", throws))
	write(t, dir, "good.yaml", rule("good", is("a")))
	synctest.Test(t, func(t *testing.T) {
		var offs []filter.Off
		var lines strings.Builder
		reader := sdkmetric.NewManualReader()
		s := open(t, filter.Config{Source: dir, Broken: filter.Discard, Logger: slog.New(slog.NewTextHandler(&lines, nil)),
			OnOff: func(off filter.Off) { offs = append(offs, off) }, MeterProvider: sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))})
		exhaust(t, s)
		synctest.Wait()
		require.Len(t, offs, 1)
		assert.False(t, offs[0].AllOff)
		assert.Zero(t, collect(t, reader)["audit.filter.all_off"])

		remove(t, dir, "good.yaml")
		poll()
		for range 3 {
			assert.Equal(t, []string{"discarded"}, verdicts(s, "a"))
		}
		synctest.Wait()
		require.Len(t, offs, 2, "AllOff is reported once")
		assert.Equal(t, "bad", offs[1].Name)
		assert.True(t, offs[1].AllOff)
		assert.True(t, s.Stats().Filters[0].Off.AllOff)
		assert.Contains(t, lines.String(), "all events are discarded")
		assert.EqualValues(t, 1, collect(t, reader)["audit.filter.all_off"])

		remove(t, dir, "bad.yaml")
		poll()
		assert.Equal(t, []string{""}, verdicts(s, "a"))
		assert.Zero(t, collect(t, reader)["audit.filter.all_off"], "without filters, none is off")
	})
}

// A filter that could never be evaluated does not count as switched off. So a new file with a
// mistake does not discard events.
func TestNeverLive(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "bad.yaml", rule("bad", "("))
	synctest.Test(t, func(t *testing.T) {
		s := open(t, filter.Config{Source: dir, Broken: filter.Discard})
		assert.Equal(t, []string{""}, verdicts(s, "a"))
		assert.Empty(t, s.Stats().Filters)
		assert.Len(t, s.Stats().Health.Problems, 1)
	})
}

// A slow callback delays neither events nor polls.
func TestSlowCallback(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, "bad.yaml", rule("bad", throws))
	synctest.Test(t, func(t *testing.T) {
		leave := make(chan struct{})
		states := t.TempDir()
		s := open(t, filter.Config{Source: dir, Dir: states, OnOff: func(filter.Off) { <-leave }})
		exhaust(t, s)
		for n := range 5 {
			write(t, dir, "bad.yaml", rule("good", fmt.Sprintf("%s /* %d */", is("a"), n)))
			poll()
		}
		assert.Equal(t, []string{"good", "discarded"}, verdicts(s, "a", "b"))
		assert.Zero(t, s.Garbage(), "old scripts must be closed")
		st := state(t, states)
		assert.True(t, st.IsRunning(time.Now()), "the state must be written")
		close(leave)
	})
}
