package audit_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/internal/segment"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if child, ok := children[os.Getenv(childEnv)]; ok {
		child()
		return
	}
	goleak.VerifyTestMain(m)
}

// packer replaces package pack: it keeps the events of segments in memory.
type packer struct {
	mu      sync.Mutex
	events  map[string][]audit.Event // by segment
	refuse  error
	damaged int64
	many    []string
	calls   int
}

func (p *packer) pack(_ context.Context, path string) (int64, []string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	if p.refuse != nil {
		return 0, nil, p.refuse
	}
	id, events, err := readSegment(path)
	if err != nil {
		return 0, nil, err
	}
	if p.events == nil {
		p.events = map[string][]audit.Event{}
	}
	p.events[id] = events
	return p.damaged, p.many, nil
}

func (p *packer) set(refuse error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.refuse = refuse
}

func (p *packer) called() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.calls
}

func (p *packer) all() (all []audit.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, events := range p.events {
		all = append(all, events...)
	}
	return all
}

func readSegment(path string) (id string, events []audit.Event, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return "", nil, err
	}
	h, blocks, err := segment.ReadHeader(data)
	if err != nil {
		return "", nil, err
	}
	for records, rest, ok := segment.NextBlock(blocks); ok; records, rest, ok = segment.NextBlock(rest) {
		for r, more, ok := segment.Next(records); ok; r, more, ok = segment.Next(more) {
			events = append(events, event(h.App, &r))
		}
	}
	return h.ID, events, nil
}

func event(app string, r *segment.Record) audit.Event {
	e := audit.Event{
		Time:    time.UnixMicro(r.Time).UTC(),
		TraceID: hex.EncodeToString(r.TraceID),
		App:     app,
		Message: string(r.Message),
		Context: map[string]string{},
	}
	if r.App != nil {
		e.App = string(r.App)
	}
	for key, value := range r.Pairs() {
		e.Context[string(key)] = string(value)
	}
	for name := range r.Names() {
		e.TraceNames = append(e.TraceNames, string(name))
	}
	return e
}

// open opens a Logger whose segments are packed by p.
func open(t testing.TB, cfg audit.Config, p *packer, seams audit.Seams) *audit.Logger {
	t.Helper()
	if cfg.Dir == "" {
		cfg.Dir = t.TempDir()
	}
	cfg.App = "app"
	seams.Pack = p.pack
	if seams.Merge == nil {
		seams.Merge = func() error { return nil }
	}
	if seams.Expire == nil {
		seams.Expire = func(time.Duration) error { return nil }
	}
	l, err := audit.OpenWith(cfg, seams)
	require.NoError(t, err, "Open(%+v)", cfg)
	return l
}

// shut closes l without a timeout.
func shut(t testing.TB, l *audit.Logger) {
	t.Helper()
	require.NoError(t, l.Close(context.Background()), "Close")
	adds(t, l.Stats())
}

func adds(t testing.TB, s audit.Stats) {
	t.Helper()
	assert.Equal(t, s.Accepted, s.Written+s.Buffered+s.Failed+s.Discarded, "written + buffered + failed + discarded of %+v", s)
}

// addsUntil checks that the figures of l add up, again and again until all goroutines of the group
// are done.
func addsUntil(t testing.TB, l *audit.Logger, all *sync.WaitGroup) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	for over := false; !over; runtime.Gosched() {
		select {
		case <-done:
			over = true
		default:
		}
		adds(t, l.Stats())
	}
}

func journalFiles(t testing.TB, dir string) []string {
	t.Helper()
	var names []string
	for _, ext := range []string{"*.journal", "*.sealed"} {
		some, err := filepath.Glob(filepath.Join(dir, "_journal", ext))
		require.NoError(t, err)
		names = append(names, some...)
	}
	return names
}

func messages(events []audit.Event) map[string]int {
	n := map[string]int{}
	for _, e := range events {
		n[e.Message]++
	}
	return n
}

func number(i int) string { return fmt.Sprint("n", i) }
