package filter

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"example.com/clew/audit/filter/internal/script"
	"example.com/clew/audit/filter/internal/source"
)

// Set contains the filters of a service. [Open] returns one. Several goroutines may call its
// methods at once. A nil *Set has no filters.
type Set struct {
	cfg    Config
	src    *source.Source
	opened time.Time

	// The mutex judging is held while a batch is judged, and while new filters replace old ones.
	// So no batch is judged by a mix of old and new filters.
	judging  sync.Mutex
	filters  []*live // the filters are in the order of their files
	bucket   bucket
	pressure pressure
	names    []string // the names of the filters that pass an event; reused for the next event

	// mu guards the following fields, which Stats reads. It is never held while a script runs.
	mu       sync.Mutex
	shown    []*live // the same as filters
	events   Events
	health   Health
	broken   bool              // all filters that apply are switched off
	offs     []Off             // the goroutine tell will report these
	garbage  []*script.Script  // the goroutine keep will close these
	past     map[string]totals // the figures of removed filters, by name
	stateErr string            // why the state was not written

	loader loader

	changed    chan struct{} // wakes the goroutine keep
	news       chan struct{} // wakes the goroutine tell
	running    context.Context
	stop       context.CancelFunc
	first      chan struct{} // the source was read once
	polled     chan struct{} // the goroutine poll has ended
	told       chan struct{} // the goroutine tell has ended
	done       chan struct{} // the goroutine keep has ended, after the other two
	unregister func() error
}

// Open returns the Set of a source. It reads the source once before it returns, unless that takes
// longer than ten seconds. It is no error if the source cannot be read. In that case nothing is
// filtered, [Set.Stats] reports why, and the next poll reads the source again. An error lists all
// faults of cfg.
//
// Call [Set.Close] to end the Set's goroutines.
func Open(cfg Config) (*Set, error) { return open(cfg, maxLoad) }

// open does what Open does. The argument most is how long one poll may evaluate scripts,
// approximately.
func open(cfg Config, most time.Duration) (*Set, error) {
	cfg, src, err := cfg.complete()
	if err != nil {
		return nil, err
	}
	s := &Set{
		cfg:     cfg,
		src:     src,
		opened:  time.Now(),
		bucket:  bucket{rate: float64(cfg.KeepRate)},
		health:  Health{Source: src.String()},
		past:    map[string]totals{},
		changed: make(chan struct{}, 1),
		news:    make(chan struct{}, 1),
		told:    make(chan struct{}),
		first:   make(chan struct{}),
		polled:  make(chan struct{}),
		done:    make(chan struct{}),
	}
	s.loader = loader{set: s, files: map[string][]definition{}, failed: map[string]failure{}, most: most}
	if err := s.measure(cfg.MeterProvider); err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	s.running, s.stop = context.WithCancel(context.Background())
	go s.poll()
	go s.tell()
	go s.keep()
	wait := time.NewTimer(source.Timeout)
	defer wait.Stop()
	select {
	case <-s.first:
	case <-wait.C:
	}
	return s, nil
}

// poll is the goroutine that reads the source.
func (s *Set) poll() {
	defer close(s.polled)
	defer s.src.Close()
	next := time.NewTimer(0)
	defer next.Stop()
	for first := true; ; first = false {
		select {
		case <-next.C:
		case <-s.running.Done():
			return
		}
		s.loader.load(s.running)
		s.signal()
		if first {
			close(s.first)
		}
		next.Reset(jitter(s.cfg.Every))
	}
}

// jitter returns d, up to a tenth more or less, so that the services do not all read the source at
// once.
func jitter(d time.Duration) time.Duration {
	return d - d/10 + rand.N(d/5+1)
}

// signal wakes the goroutines keep and tell.
func (s *Set) signal() {
	for _, c := range []chan struct{}{s.changed, s.news} {
		select {
		case c <- struct{}{}:
		default:
		}
	}
}

// Close ends the Set. It waits for the batch that is being judged and for the Set's goroutines,
// but no longer than ctx allows. Close the Logger first, because all events pass unchanged after
// the Set's Close. Close may be called again. A nil ctx is context.Background(). A nil Set returns
// nil.
func (s *Set) Close(ctx context.Context) error {
	if s == nil {
		return nil
	}
	if ctx == nil {
		ctx = context.Background()
	}
	s.stop()
	select {
	case <-s.done:
		return nil
	default:
	}
	select {
	case <-s.done:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("filter: a goroutine has not ended yet: %w", context.Cause(ctx))
	}
}

// end closes the filters. It is called when the polling goroutine has ended.
func (s *Set) end() {
	s.judging.Lock()
	defer s.judging.Unlock()
	for _, l := range s.filters {
		l.close()
	}
	s.filters = nil
}
