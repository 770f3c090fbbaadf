package lake

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"example.com/clew/audit/internal/table/read"
)

// Find yields the events that q asks for in the stores, the newest first. Events of the same time
// are in the order of trace ID, app and message. Find also searches the journals of the stores
// (see [Journaled]), so an event is found as soon as it is written. No event is yielded twice.
//
// A file that cannot be read is skipped, and report names it. An error is yielded last, with a
// zero Event. It is a [*TooMuchError], the error of ctx, or [ErrIncomplete] after the events that
// could be found. Report may be nil. Otherwise Find fills it while the loop runs, and it is
// complete when the loop has ended.
//
// No goroutine runs between two events, or after the loop has ended. Each loop over the result is
// a new search. Only one search at a time may write to a report.
func Find(ctx context.Context, q Query, report *Report, stores ...Store) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		s, err := newFinding(ctx, q, report, stores)
		enough := false // the loop over the events has ended
		if err == nil {
			defer s.close()
			err = s.run(func(events []Event) bool {
				for _, e := range events {
					if ctx.Err() != nil {
						return false
					}
					if enough = !yield(e, nil); enough {
						return false
					}
				}
				return true
			})
		}
		if enough {
			return
		}
		if err == nil {
			err = ctx.Err()
		}
		if err == nil {
			err = s.whole()
		}
		if err != nil {
			yield(Event{}, err)
		}
	}
}

// Count returns the number of events that [Find] would yield, and reads less than Find. With
// [ErrIncomplete] it is the number of events that could be found.
func Count(ctx context.Context, q Query, report *Report, stores ...Store) (n int64, err error) {
	s, err := newFinding(ctx, q, report, stores)
	if err != nil {
		return 0, err
	}
	defer s.close()
	s.question.rows = false
	err = s.run(nil)
	n = s.found
	if s.question.limit > 0 {
		n = min(n, int64(s.question.limit))
	}
	return n, cmp.Or(err, s.whole())
}

// finding is one search.
type finding struct {
	*view
	question *question
	found    int64
}

func newFinding(ctx context.Context, q Query, report *Report, stores []Store) (*finding, error) {
	if report == nil {
		report = new(Report)
	}
	*report = Report{}
	a, err := q.resolve()
	if err != nil {
		return nil, err
	}
	return newFindingOf(ctx, a, report, stores)
}

func newFindingOf(ctx context.Context, a *question, report *Report, stores []Store) (*finding, error) {
	v, err := newView(ctx, stores, a.maxBytes, report)
	if err != nil {
		return nil, err
	}
	return &finding{view: v, question: a}, nil
}

// run searches one partition after the other, and passes the events of each to yield. It ends when
// yield returns false, or when the limit is reached.
func (s *finding) run(yield func([]Event) bool) error {
	if err := s.readJournals(); err != nil {
		return err
	}
	partitions, err := s.partitions(s.question.span)
	if err != nil {
		return err
	}
	if err := s.affordable(partitions); err != nil {
		return err
	}
	var later []Event // events of the last partition of the range, and of the partitions after it
	if s.question.grows {
		if later, err = s.grow(&partitions); err != nil {
			return err
		}
	}
	s.setRange()
	if len(later) > 0 && !s.give(later, yield) || s.enough() {
		return nil
	}
	first := 2
	if s.question.filter.Narrow() {
		first = maxAhead // Bloom filters exclude most partitions
	}
	return s.walk(partitions, first, func(p *partition) (more bool, err error) {
		events, err := s.search(p)
		return err == nil && s.give(events, yield) && !s.enough(), err
	})
}

func (s *finding) setRange() {
	s.report.Since = time.UnixMicro(s.question.span.since).UTC()
	if s.question.span.until < 1<<62 {
		s.report.Until = time.UnixMicro(s.question.span.until).UTC()
	}
}

func (s *finding) enough() bool {
	return s.question.limit > 0 && s.found >= int64(s.question.limit)
}

// give sorts the events, and yields them up to the limit.
func (s *finding) give(events []Event, yield func([]Event) bool) bool {
	if yield == nil {
		return true
	}
	slices.SortStableFunc(events, newest)
	if limit := s.question.limit; limit > 0 {
		events = events[:min(len(events), max(0, limit-int(s.found)))]
	}
	s.found += int64(len(events))
	return yield(events)
}

// newest orders events, the newest first. It compares contexts, which is slow, only if all else is
// the same.
func newest(a, b Event) int {
	if c := b.Time.Compare(a.Time); c != 0 {
		return c
	}
	c := cmp.Or(cmp.Compare(a.TraceID, b.TraceID), cmp.Compare(a.App, b.App), cmp.Compare(a.Message, b.Message))
	if c != 0 {
		return c
	}
	return slices.Compare(flat(a.Context), flat(b.Context))
}

func flat(context map[string]string) (all []string) {
	for _, key := range slices.Sorted(maps.Keys(context)) {
		all = append(all, key, context[key])
	}
	return all
}

// readJournals collects the hits in the segments of journals, whose events are not in Parquet
// files yet.
func (s *finding) readJournals() error {
	return s.walkSegments(func(o *openSegment) (bool, int64, error) { return o.find(s.ctx, s.question) })
}

// walkSegments calls walk for all segments, and then drops each segment that has a better copy.
func (v *view) walkSegments(walk func(*openSegment) (clean bool, size int64, err error)) error {
	err := parallel(v.ctx, working(), len(v.segments), func(i int) error { return v.walkSegment(v.segments[i], walk) })
	if err == nil {
		v.dropCopies()
	}
	return err
}

// walkSegment calls walk for a segment. It adds the bytes that were read, and any fault, to the
// report.
func (v *view) walkSegment(o *openSegment, walk func(*openSegment) (clean bool, size int64, err error)) error {
	if !o.opened() {
		return nil
	}
	clean, size, err := walk(o)
	o.valid = size
	if v.ctx.Err() != nil {
		return v.ctx.Err()
	}
	v.mu.Lock()
	v.report.Segments++
	v.report.JournalBytes += size
	v.mu.Unlock()
	if err == nil && !clean {
		err = fmt.Errorf("damaged after its first %d bytes, which were read", size)
	}
	if err != nil {
		v.skip(o.store, journalDir+"/"+o.name, err)
	}
	return nil
}

// partitions returns the partitions of the range that have files, or hits in journals. The newest
// partition comes first.
func (s *finding) partitions(span timeRange) ([]*partition, error) {
	all, err := s.list(span)
	if err != nil {
		return nil, err
	}
	all = s.withJournals(all, span)
	slices.SortFunc(all, func(a, b *partition) int { return cmp.Compare(b.begin, a.begin) })
	return all, nil
}

func (s *finding) affordable(partitions []*partition) (err error) {
	if s.question.plan != nil {
		s.question.plan(planOf(partitions))
	}
	q := s.filter()
	s.report.Estimate, err = s.estimate(partitions, &q, s.question.rows && s.question.limit == 0)
	if err == nil && s.report.Estimate > s.maxBytes {
		s.setRange()
		err = &TooMuchError{Estimate: s.report.Estimate, Limit: s.maxBytes, Narrow: narrow}
	}
	return err
}

func (s *finding) filter() read.Filter {
	q := s.question.filter
	q.Since, q.Until = s.question.span.since, s.question.span.until
	return q
}

// grow searches the last partition of the range, and removes it from the list partitions. As long
// as a partition has a hit, grow also searches the next one.
func (s *finding) grow(partitions *[]*partition) (events []Event, err error) {
	last := s.question.span.until - partitionMicros
	if len(*partitions) == 0 || (*partitions)[0].begin != last {
		return nil, nil
	}
	p := (*partitions)[0]
	*partitions = (*partitions)[1:]
	for {
		before := s.found // search adds to s.found if it only counts events
		found, err := s.search(p)
		if err != nil {
			return nil, err
		}
		events = append(events, found...)
		if len(found) == 0 && s.found == before {
			return events, nil
		}
		span := timeRange{s.question.span.until, s.question.span.until + partitionMicros}
		next, err := s.partitions(span)
		s.question.span.until = span.until
		if err != nil || len(next) == 0 {
			return events, err
		}
		p = next[0]
	}
}

// search returns the events of a partition, or only counts them.
func (s *finding) search(p *partition) (events []Event, err error) {
	s.report.Partitions++
	q := s.filter()
	var (
		mu     sync.Mutex
		places []place
		count  int64
		files  int
	)
	forget := func() { places, count, files, events = nil, 0, 0, nil }
	err = s.visit(p, forget, func(f *stored) (more bool, err error) {
		own, err := s.searchFile(f, &q)
		if err != nil {
			return false, err
		}
		if s.question.rows {
			own = newestPlaces(own, s.question.limit)
		}
		mu.Lock()
		defer mu.Unlock()
		files++
		count += int64(len(own))
		if s.question.rows {
			places = append(places, own...)
			more = slices.ContainsFunc(own, func(at place) bool { return at.event == nil })
		}
		return more, nil
	}, func() error {
		events, err = s.materialise(newestPlaces(places, s.question.limit))
		return err
	})
	if err != nil {
		return nil, err
	}
	s.report.Files += files
	for _, o := range p.journals {
		if h := o.hits[p.begin]; h != nil {
			events = append(events, h.events...)
			count += h.count
		}
	}
	if !s.question.rows {
		s.found += count
	}
	return events, nil
}

// fewHits is the largest number of hits in a row group that are read immediately, while the pages
// of the row group are in memory. If a row group has more hits, the search reads only those that
// are among the newest of the partition, and reads them later.
const fewHits = 1000

// searchFile returns the hits of one file.
func (s *finding) searchFile(f *stored, q *read.Filter) (places []place, err error) {
	for n := range f.file.Groups() {
		if err := s.ctx.Err(); err != nil {
			return nil, err
		}
		group := f.file.Group(n)
		hits, err := group.Search(q)
		if err != nil {
			return nil, err
		}
		own := make([]place, len(hits))
		for i, hit := range hits {
			own[i] = place{file: f, group: n, hit: hit}
		}
		if s.question.rows && len(own) > 0 && len(own) <= fewHits {
			if own, err = s.rows(group, own); err != nil {
				return nil, err
			}
		}
		places = append(places, own...)
	}
	return places, nil
}

// materialise reads the rows of hits that have no events yet, and closes their files.
func (s *finding) materialise(places []place) (events []Event, err error) {
	slices.SortFunc(places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.file.name, b.file.name), cmp.Compare(a.group, b.group), cmp.Compare(a.hit.Row, b.hit.Row))
	})
	var groups [][]place
	unread := map[*stored]*atomic.Int64{} // for each file, the number of row groups that are not read yet
	for len(places) > 0 {
		n := 1
		for n < len(places) && places[n].file == places[0].file && places[n].group == places[0].group {
			n++
		}
		file := places[0].file
		if unread[file] == nil {
			unread[file] = new(atomic.Int64)
		}
		unread[file].Add(1)
		groups = append(groups, places[:n])
		places = places[n:]
	}
	err = parallel(s.ctx, working(), len(groups), func(i int) error {
		of := groups[i]
		file := of[0].file
		defer func() {
			if unread[file].Add(-1) == 0 {
				file.close()
			}
		}()
		if of[0].event != nil {
			return nil
		}
		return s.one(file, func(f *stored) (err error) {
			groups[i], err = s.rows(f.file.Group(of[0].group), of)
			return err
		})
	})
	for _, of := range groups {
		for _, at := range of {
			if at.event != nil { // it is nil if the file is damaged
				events = append(events, *at.event)
			}
		}
	}
	return events, err
}

// rows reads the events of hits in one row group. It returns the hits whose events match the whole
// question.
func (s *finding) rows(group *read.Group, places []place) (checked []place, err error) {
	numbers := make([]uint32, len(places))
	for i := range places {
		numbers[i] = places[i].hit.Row
	}
	rows, err := group.Read(numbers)
	if err != nil {
		return nil, err
	}
	for i, row := range rows {
		e := Event{Time: time.UnixMicro(row.Time).UTC(), TraceID: row.TraceID, App: row.App, Message: row.Message, Context: row.Context, TraceNames: row.TraceNames}
		if at := places[i]; row.Time == at.hit.Time && s.question.matches(&e) {
			at.event = &e
			checked = append(checked, at)
		}
	}
	return checked, nil
}
