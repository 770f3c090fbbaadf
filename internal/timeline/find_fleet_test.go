package timeline_test

import (
	"bytes"
	"io"
	"testing"
	"testing/iotest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/internal/timeline"
	"example.com/clew/internal/timeline/fleetlog"
)

// place is the part of an entry that the tests compare.
type place struct {
	number        int
	text, service string
	at            time.Time
}

// placesOf parses the lines of r, and returns the entries of a trace among them. The parameter
// number is the number of the first line of r.
func placesOf(t *testing.T, p *timeline.Parser, id timeline.ID, r io.Reader, number int) (places []place) {
	add := func(e *timeline.Entry) {
		if e != nil && e.Trace.Same(id) {
			places = append(places, place{e.Number, e.Text, e.Service, e.Time})
		}
	}
	lines := timeline.NewReader(r, time.Time{})
	for {
		raw, err := lines.Next()
		if err == io.EOF {
			add(p.Flush())
			return places
		}
		require.NoError(t, err)
		raw.Number += number - 1
		add(p.Parse(*raw))
	}
}

// In the logs of a fleet, Find leads to the same entries as a parser that reads all lines. Both
// ways find each line of the trace once.
func TestFindInFleet(t *testing.T) {
	logs, f := fleetLogs(3, 1<<19)
	wholes, all := 0, 0
	for n := 0; n < f.Begun(); n += f.Begun() / 12 {
		for _, asked := range []string{f.TraceID(n), f.TraceID(n)[16:]} {
			id, err := timeline.ParseID(asked)
			require.NoError(t, err)
			var forms [][]byte
			for _, form := range id.Forms() {
				forms = append(forms, []byte(form))
			}
			search := timeline.NewSearch(forms)
			found := 0
			for s, log := range logs {
				config := timeline.ParserConfig{Trace: id}
				slow := placesOf(t, timeline.NewParser(config), id, bytes.NewReader(log), 1)
				var fast []place
				p := timeline.NewParser(config)
				_, err := timeline.Find(iotest.HalfReader(bytes.NewReader(log)), search, nil, func(r io.Reader, number int) error {
					fast = append(fast, placesOf(t, p, id, r, number)...)
					return nil
				})
				require.NoError(t, err)
				require.Equal(t, slow, fast, "entries with %s in the log of %s", asked, fleetlog.Names[s])
				require.Equal(t, bytes.Count(log, []byte(f.TraceID(n)[16:])), len(fast), "number of entries with %s in the log of %s", asked, fleetlog.Names[s])
				found += len(fast)
			}
			require.LessOrEqual(t, found, fleetlog.TraceLines)
			if all++; found == fleetlog.TraceLines {
				wholes++
			}
		}
	}
	assert.Greater(t, wholes, all/2, "number of traces that are found whole")
}

// The list of a fleet's traces counts each line of the logs.
func TestListOfFleet(t *testing.T) {
	logs, f := fleetLogs(4, 1<<20)
	l := timeline.NewLister(timeline.Filter{}, 0)
	lines := 0
	for _, log := range logs {
		lines += bytes.Count(log, []byte("\n"))
		glanceAll(t, log, l.Add)
	}
	list, left := l.List(0)
	assert.Equal(t, timeline.Left{}, left)
	require.Len(t, list, f.Begun())
	byID := map[string]timeline.Summary{}
	listed, failed := 0, 0
	for _, s := range list {
		byID[s.ID.String()] = s
		listed += s.Lines
		if s.Status == 503 {
			failed++
		}
	}
	assert.Equal(t, lines, listed)
	assert.Positive(t, failed)
	for n := range f.Begun() / 2 { // these traces have ended
		s, ok := byID[f.TraceID(n)]
		require.True(t, ok, "trace %d", n)
		assert.Equal(t, fleetlog.TraceLines, s.Lines)
		assert.Equal(t, []string{"mail", "shop", "stock"}, s.Services)
		assert.Equal(t, "shop", s.Service)
		assert.Equal(t, 4, s.Spans)
	}
}
