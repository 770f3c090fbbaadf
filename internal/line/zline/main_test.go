package zline_test

import (
	"encoding/json"
	"io"
	"testing"

	"example.com/clew/internal/line"
	"example.com/clew/internal/testkit"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	id128    = testkit.ID128
	spanID   = testkit.SpanID
	parentID = testkit.ParentID
)

// lines is a writer that keeps the lines of a zerolog logger. The lines may be CBOR, so zerolog's
// own reader decodes them.
type lines struct {
	zerolog.ConsoleWriter
	events []map[string]any
}

func newLines() *lines {
	l := &lines{}
	l.ConsoleWriter = zerolog.ConsoleWriter{Out: io.Discard, FormatPrepare: func(event map[string]any) error {
		l.events = append(l.events, event)
		return nil
	}}
	return l
}

// read returns the lines as line.Parse reads them.
func (l *lines) read(t *testing.T) (read []line.Line) {
	t.Helper()
	for _, event := range l.events {
		text, err := json.Marshal(event)
		require.NoError(t, err)
		one, err := line.Parse(text)
		require.NoError(t, err, "Parse(%s)", text)
		read = append(read, one)
	}
	return read
}

// one returns the only line.
func (l *lines) one(t *testing.T) line.Line {
	t.Helper()
	read := l.read(t)
	require.Len(t, read, 1, "one line must be written")
	return read[0]
}

// hook writes records with its names, as logctx's hook does.
type hook struct {
	names *line.Names
	write func(e *zerolog.Event, p *line.Pending, n *line.Names)
}

func (h hook) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	if p, ok := e.GetCtx().(*line.Pending); ok && !p.Written {
		h.write(e, p, h.names)
	}
}
