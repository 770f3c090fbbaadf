package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// stores returns the audit directories of the services.
func stores(t *testing.T, dir string) (all []lake.Store) {
	t.Helper()
	dirs, err := filepath.Glob(filepath.Join(dir, "audit", "*"))
	require.NoError(t, err)
	require.Len(t, dirs, 3)
	for _, dir := range dirs {
		all = append(all, lake.Dir(dir))
	}
	return all
}

// linesOf returns the messages of a trace's log lines.
func linesOf(t *testing.T, dir, trace string) (messages []string) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(dir, "logs", "*.log"))
	require.NoError(t, err)
	for _, name := range logs {
		file, err := os.Open(name)
		require.NoError(t, err)
		for lines := bufio.NewScanner(file); lines.Scan(); {
			var line struct {
				Trace string `json:"trace_id"`
				Msg   string
			}
			require.NoError(t, json.Unmarshal(lines.Bytes(), &line))
			if line.Trace == trace {
				messages = append(messages, line.Msg)
			}
		}
		require.NoError(t, file.Close())
	}
	return messages
}

func told(events []lake.Event) (all []string) {
	for _, e := range events {
		all = append(all, e.App+": "+e.Message)
	}
	return all
}

// tell runs the services, and sends the items of story through them.
func tell(t *testing.T, dir string) {
	t.Helper()
	f, err := start(dir, time.Minute)
	require.NoError(t, err)
	require.NoError(t, story(t.Context(), f))
	require.NoError(t, f.close())
}

// lake.Find shows why an item was dropped. The log lines of the same trace are found too.
func TestWhyDropped(t *testing.T) {
	dir := t.TempDir()
	tell(t, dir)
	var events []lake.Event
	for e, err := range lake.Find(t.Context(), lake.Query{Context: map[string]string{"item": "ABC.456"}}, nil, stores(t, dir)...) {
		require.NoError(t, err)
		events = append(events, e)
	}
	require.Equal(t, []string{"screen: item dropped", "intake: item received"}, told(events))
	assert.Equal(t, "the client is over its quota", events[0].Context["why"])
	assert.Equal(t, events[0].TraceID, events[1].TraceID)
	assert.Equal(t, []string{"a client is over its quota"}, linesOf(t, dir, events[0].TraceID))
}

// lake.Follow shows where an item went. The log lines of the same trace are found too.
func TestWhereItWent(t *testing.T) {
	dir := t.TempDir()
	tell(t, dir)
	story, err := lake.Follow(t.Context(), lake.Query{Values: []string{"XYZ.123"}}, lake.Bounds{}, nil, stores(t, dir)...)
	require.NoError(t, err)
	var events []lake.Event
	for _, step := range story.Events {
		events = append(events, step.Event)
	}
	require.Equal(t, []string{"intake: item received", "screen: item passed", "augment: item augmented"}, told(events))
	assert.Equal(t, 1, story.Traces)
	assert.Equal(t, "sofa", events[2].Context["label"])
	assert.Equal(t, []string{"the model was loaded"}, linesOf(t, dir, events[0].TraceID))
	assert.Contains(t, commands(dir), "clew-audit follow -d '"+filepath.Join(dir, "audit", "*")+"' XYZ.123")
}
