package lake

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"example.com/clew/audit/internal/segment"
)

// openSegment is a segment of a journal. It stays open during a search.
type openSegment struct {
	store  Store
	name   string
	reader Reader
	header segment.Header
	err    error // the header cannot be read
	valid  int64 // bytes that the last walk has read
	copied bool  // another segment is a better copy

	hits map[int64]*hits // by the beginning of their partition
}

// openSegments opens all segments of the stores' journals.
//
// A segment that is gone when it is opened was renamed because it was sealed, or deleted because
// it was packed. Then the journal is listed again. The events of a packed segment are in Parquet
// files, which are listed after the journals.
func (v *view) openSegments() (err error) {
	defer func() {
		if err != nil {
			closeSegments(v.segments)
			v.segments = nil
		}
	}()
	for _, store := range v.stores {
		journal, ok := store.(Journaled)
		if !ok {
			continue
		}
		seen := map[string]bool{}
		for again, n := true, 0; again && n < maxAgain; n++ {
			if again, err = v.openJournal(journal, seen); err != nil {
				return err
			}
		}
	}
	return nil
}

func (v *view) openJournal(journal Journaled, seen map[string]bool) (again bool, err error) {
	names, err := journal.ListJournal(v.ctx)
	if err != nil {
		return false, v.unlist(journal, "journal", err)
	}
	slices.Sort(names)
	for _, name := range names {
		if seen[segmentID(name)] {
			continue
		}
		r, err := journal.OpenJournal(v.ctx, name)
		if errors.Is(err, fs.ErrNotExist) {
			again = true
			continue
		}
		if v.ctx.Err() != nil {
			if err == nil {
				r.Close()
			}
			return false, v.ctx.Err()
		}
		seen[segmentID(name)] = true
		s := &openSegment{store: journal, name: name, reader: r, err: err}
		if err == nil {
			s.readHeader()
		}
		v.segments = append(v.segments, s)
	}
	return again, nil
}

// dropCopies keeps one of the segments with the same ID: the one with the longest valid prefix.
// The others are copies of this segment.
func (v *view) dropCopies() {
	best := map[string]*openSegment{}
	for _, s := range v.segments {
		if !s.opened() {
			continue
		}
		worse := best[s.header.ID]
		if worse != nil && worse.valid >= s.valid {
			worse = s
		} else {
			best[s.header.ID] = s
		}
		if worse != nil {
			worse.copied, worse.hits = true, nil
		}
	}
}

// segmentID returns the name of a segment without its suffix, which shows whether the segment is
// sealed.
func segmentID(name string) string {
	for _, suffix := range []string{activeSuffix, sealedSuffix} {
		if id, ok := bytes.CutSuffix([]byte(name), []byte(suffix)); ok {
			return string(id)
		}
	}
	return name
}

func closeSegments(all []*openSegment) {
	for _, s := range all {
		if s.reader != nil {
			s.reader.Close()
		}
	}
}

// maxSegmentHeader is larger than any header, in bytes.
const maxSegmentHeader = 8 << 10

// readHeader reads the header. A segment that was just created has neither a header nor events.
func (s *openSegment) readHeader() {
	p := make([]byte, min(maxSegmentHeader, s.reader.Size()))
	n, err := s.reader.ReadAt(p, 0)
	if n == 0 {
		if err != nil && err != io.EOF {
			s.err = err
		}
		return
	}
	s.header, _, s.err = segment.ReadHeader(p[:n])
	switch {
	case s.err != nil && int64(n) == s.reader.Size() && segment.IsUnfinished(p[:n]):
		s.err = nil // like an empty file, this file has no events
	case s.err == nil && s.header.ID != segmentID(s.name):
		// This is a copy under another name. A search would find its events twice.
		s.err = fmt.Errorf("lake: the file has another name than its segment, %.64q", s.header.ID)
	}
}

// opened reports whether the segment has events for a search.
func (s *openSegment) opened() bool { return s.err == nil && s.header.ID != "" && !s.copied }

// walk calls the function record for the records in the segment's longest valid prefix, in their
// order. If want is not empty, walk skips records that do not contain it. The result clean is
// false if the segment ends in bytes that are not blocks.
func (s *openSegment) walk(ctx context.Context, want needle, record func(*segment.Record)) (clean bool, size int64, err error) {
	blocks := &blockReader{from: s.reader, size: s.reader.Size()}
	if !blocks.header() {
		return true, 0, nil
	}
	for {
		records, ok, err := blocks.next()
		if err != nil || !ok {
			return blocks.clean, blocks.read(), err
		}
		if err := ctx.Err(); err != nil {
			return true, blocks.read(), err
		}
		if !walkBlock(records, want, record) {
			return false, blocks.read(), nil
		}
	}
}

// walkBlock calls the function record for the records that contain want, and skips the others by
// their lengths. It returns false if p ends in bytes that are not a record.
func walkBlock(p []byte, want needle, record func(*segment.Record)) bool {
	next := 0 // the end of the next occurrence of want
	for at := 0; at < len(p); {
		if len(want) > 0 && next <= at {
			i := bytes.Index(p[at:], want)
			if i < 0 {
				return true
			}
			next = at + i
			next += len(want) // a record that ends before next does not contain want
		}
		r, rest, ok := segment.Next(p[at:])
		if !ok {
			return false
		}
		at = len(p) - len(rest)
		if len(want) == 0 || next <= at {
			record(&r)
		}
	}
	return true
}

// find collects the hits of the question in the segment.
func (s *openSegment) find(ctx context.Context, a *question) (clean bool, size int64, err error) {
	s.hits = map[int64]*hits{}
	var want needle
	if all := a.needles(); len(all) > 0 {
		want = all[0]
	}
	return s.walk(ctx, want, func(r *segment.Record) {
		if !a.maybe(r) {
			return
		}
		e := eventOf(r, s.header.App)
		if a.matches(&e) {
			s.hitsOf(floorPartition(r.Time)).add(e, a)
		}
	})
}

// maybe returns false for most records that are not hits, so that no event is made of them. It
// does not check a range that may grow, because such a range consists of whole partitions.
func (a *question) maybe(r *segment.Record) bool {
	return (a.filter.Message == "" || a.filter.Message == string(r.Message)) &&
		(a.filter.App == "" || r.App == nil || a.filter.App == string(r.App)) &&
		(a.grows || r.Time >= a.span.since && r.Time < a.span.until)
}

// eventOf makes an event of a record. If a key was logged twice, the event gets its last value.
func eventOf(r *segment.Record, app string) Event {
	e := Event{Time: time.UnixMicro(r.Time).UTC(), TraceID: hex.EncodeToString(r.TraceID), App: app, Message: string(r.Message)}
	if r.App != nil {
		e.App = string(r.App)
	}
	for key, value := range r.Pairs() {
		if e.Context == nil {
			e.Context = map[string]string{}
		}
		e.Context[string(key)] = string(value)
	}
	for name := range r.Names() {
		e.TraceNames = append(e.TraceNames, string(name))
	}
	return e
}
