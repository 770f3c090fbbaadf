package lake

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"time"

	"example.com/clew/audit/internal/segment"
)

// openSegment is a segment of a journal that is held open for the time of a search.
type openSegment struct {
	store  Store
	name   string
	reader Reader
	header segment.Header
	err    error // that its header cannot be read
	valid  int64 // how many of its bytes are read, by the last walk
	copied bool  // another segment is a better copy of it

	hits map[int64]*hits // by the beginning of their partition
}

// openSegments opens all segments of the stores' journals.
//
// A segment that is gone when it is opened was renamed because it was sealed, or deleted
// because it was packed. The journal is then listed again: what is packed is in the Parquet
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

// dropCopies keeps the segment with the longest valid prefix of those with one ID, which are
// copies of each other.
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

// segmentID is the name of a segment without what says whether it is sealed.
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

// maxSegmentHeader is more than a header can have.
const maxSegmentHeader = 8 << 10

// readHeader reads the header. A segment that has just begun has none yet, and no events.
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
		s.err = nil // without events, as an empty file
	case s.err == nil && s.header.ID != segmentID(s.name):
		// A copy under another name would give its events twice.
		s.err = fmt.Errorf("lake: the file has another name than its segment, %.64q", s.header.ID)
	}
}

// opened is whether the events of a segment come from the journal.
func (s *openSegment) opened() bool { return s.err == nil && s.header.ID != "" && !s.copied }

// needle is what a block must have somewhere, to be worth a look at its records.
type needle []byte

// needles returns what all hits of the question have among their bytes.
func (a *question) needles() (all []needle) {
	if id, ok := onlyTrace(a.filter.TraceIDs); ok {
		raw, _ := hex.DecodeString(id)
		all = append(all, raw)
	}
	for _, value := range a.filter.Values {
		all = append(all, needle(value))
	}
	for _, pair := range a.filter.Pairs {
		all = append(all, needle(pair[1]))
	}
	// Not the app: a record leaves it to the segment's header, mostly.
	all = append(all, needle(a.filter.Message), needle(a.filter.TraceName))
	slices.SortStableFunc(all, func(a, b needle) int { return len(b) - len(a) })
	return all
}

// onlyTrace returns the shortest of the spellings where there is one trace only. The others end
// with it.
func onlyTrace(ids []string) (id string, ok bool) {
	if len(ids) == 0 {
		return "", false
	}
	id = slices.MinFunc(ids, func(a, b string) int { return len(a) - len(b) })
	return id, !slices.ContainsFunc(ids, func(other string) bool { return padded(other) != padded(id) })
}

// walk calls record for the records of the segment's longest valid prefix that have the needle,
// in their order; nil: for all. It is false when the segment ends in bytes that are no blocks.
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

// walkBlock calls record for the records that have want. It steps over the others by their
// lengths.
func walkBlock(p []byte, want needle, record func(*segment.Record)) bool {
	next := 0 // where want is next
	for at := 0; at < len(p); {
		if len(want) > 0 && next <= at {
			i := bytes.Index(p[at:], want)
			if i < 0 {
				return true
			}
			next = at + i
			next += len(want) // the end of it: a record that ends before has it not
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

// blockReader reads the blocks of a segment through a window.
type blockReader struct {
	from   Reader
	size   int64
	at     int64 // of the window's beginning, in the segment
	window []byte
	rest   []byte // of the window, that is not read yet
	clean  bool   // what follows the last block is its beginning at most, or zeros
}

const windowSize = 1 << 20

// read is how far the segment has been read.
func (b *blockReader) read() int64 { return b.at + int64(len(b.window)-len(b.rest)) }

func (b *blockReader) header() bool {
	if b.fill(maxSegmentHeader) != nil {
		return false
	}
	_, blocks, err := segment.ReadHeader(b.rest)
	if err != nil {
		return false
	}
	b.rest = blocks
	return true
}

// fill has n bytes in rest, or all that there are.
func (b *blockReader) fill(n int) error {
	done := b.at + int64(len(b.window)-len(b.rest))
	if len(b.rest) >= n || done+int64(len(b.rest)) >= b.size {
		return nil
	}
	length := min(int64(max(n, windowSize)), b.size-done)
	if int64(cap(b.window)) < length {
		b.window = append(make([]byte, 0, length), b.rest...)
	} else {
		b.window = b.window[:copy(b.window[:cap(b.window)], b.rest)]
	}
	have := len(b.window)
	b.window = b.window[:length]
	got, err := b.from.ReadAt(b.window[have:], done+int64(have))
	b.window = b.window[:have+got]
	b.at, b.rest = done, b.window
	if got > 0 || err == io.EOF {
		return nil
	}
	return err
}

func (b *blockReader) next() (records []byte, ok bool, err error) {
	if err := b.fill(segment.BlockHead); err != nil {
		return nil, false, err
	}
	if len(b.rest) < segment.BlockHead {
		b.clean = true
		return nil, false, nil
	}
	length := int64(binary.LittleEndian.Uint32(b.rest))
	if length <= segment.MaxBlock {
		if err := b.fill(segment.BlockHead + int(length)); err != nil {
			return nil, false, err
		}
	}
	records, rest, ok := segment.NextBlock(b.rest)
	if !ok {
		b.clean = length == 0 || length <= segment.MaxBlock && int64(len(b.rest)) < segment.BlockHead+length
		return nil, false, nil
	}
	b.rest = rest
	return records, true, nil
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

// hits is the hits of a segment in a partition.
type hits struct {
	count  int64
	events []Event // none where they are only counted, and the newest where there is a limit
	most   int     // so many events are cut back to the limit
}

// hitsOf returns the hits in the partition that begins then, for more.
func (s *openSegment) hitsOf(begin int64) *hits {
	h := s.hits[begin]
	if h == nil {
		h = new(hits)
		s.hits[begin] = h
	}
	return h
}

func (h *hits) add(e Event, a *question) {
	h.count++
	if !a.rows {
		return
	}
	h.events = append(h.events, e)
	if h.most = max(h.most, 2*a.limit+1000); a.limit > 0 && len(h.events) >= h.most {
		h.events = newestEvents(h.events, a.limit)
		h.most = 2 * len(h.events) // where all have the same time, there is nothing to cut
	}
}

// newestEvents returns the newest events, limit of them and those of the same time as the last one.
func newestEvents(all []Event, limit int) []Event {
	times := make([]time.Time, len(all))
	for i := range all {
		times[i] = all[i].Time
	}
	slices.SortFunc(times, time.Time.Compare)
	oldest := times[len(times)-limit]
	return slices.DeleteFunc(all, func(e Event) bool { return e.Time.Before(oldest) })
}

// maybe is false for most records that are no hits, before anything is made of them. A range that
// may grow is of whole partitions, so that it is not asked here.
func (a *question) maybe(r *segment.Record) bool {
	return (a.filter.Message == "" || a.filter.Message == string(r.Message)) &&
		(a.filter.App == "" || r.App == nil || a.filter.App == string(r.App)) &&
		(a.grows || r.Time >= a.span.since && r.Time < a.span.until)
}

// eventOf makes an event of a record. Of a key that was logged twice the last value counts.
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
