package lake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"example.com/clew/audit/internal/table"
	"example.com/clew/audit/internal/table/read"
)

// view is the stores as one search sees them. No event is seen twice, and none that was written
// when the search began is missed, while segments are packed and files are merged:
//
//  1. The journals' segments are opened before partitions are listed.
//  2. The events of an opened segment are skipped in a partition that has the file that the segment
//     became, or a merged file that stands for it, unless that cannot be read. The file has all of
//     them, and may have more: the segment may be a copy of what is written elsewhere. Of two
//     copies of a segment, that with the longer valid prefix counts.
//  3. A file that a merged file replaces is skipped.
//  4. A file that is gone when it is opened was merged: its partition is listed and read again.
//
// A store of which something cannot be listed does not hide what the others have: what was found
// is yielded, and the error is the last thing.
type view struct {
	ctx      context.Context
	stores   []Store
	segments []*openSegment
	maxBytes int64

	mu       sync.Mutex // of unlisted and report.Skipped
	unlisted []error
	report   *Report
	reads    atomic.Int64
	bytes    atomic.Int64
	skipped  map[string]bool
	sample   []*stored // files that an estimate has opened
}

// errGone is the error of a file that is not there any more, or is another one.
var errGone = errors.New("the file is gone")

func newView(ctx context.Context, stores []Store, maxBytes int64, report *Report) (v *view, err error) {
	v = &view{ctx: ctx, stores: stores, maxBytes: maxBytes, report: report, skipped: map[string]bool{}}
	if err := v.openSegments(); err != nil {
		return nil, err
	}
	for _, s := range v.segments {
		if s.err != nil {
			v.skip(s.store, journalDir+"/"+s.name, s.err)
		}
	}
	return v, nil
}

func (v *view) close() {
	for _, s := range v.sample {
		s.close()
	}
	closeSegments(v.segments)
	v.report.Reads, v.report.Bytes = v.reads.Load(), v.bytes.Load()
}

// inStore is a file's name with that of its store, where that has one.
func inStore(store Store, name string) string {
	s, ok := store.(fmt.Stringer)
	switch {
	case !ok:
		return name
	case strings.Contains(s.String(), "://"):
		return strings.TrimSuffix(s.String()+"/"+name, "/")
	}
	return filepath.Join(s.String(), name)
}

// skip notes a file that cannot be read, once.
func (v *view) skip(store Store, name string, err error) {
	name = inStore(store, name)
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.skipped[name] {
		v.skipped[name] = true
		v.report.Skipped = append(v.report.Skipped, Skipped{name, err})
	}
}

// unlist notes what cannot be listed. It returns the error of a context that has ended.
func (v *view) unlist(store Store, what string, err error) error {
	if v.ctx.Err() != nil {
		return v.ctx.Err()
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if of := inStore(store, ""); of != "" {
		what += " of " + of
	}
	err = fmt.Errorf("listing the %s: %w", what, err)
	same := func(other error) bool { return other.Error() == err.Error() }
	if !slices.ContainsFunc(v.unlisted, same) { // a directory is listed several times
		v.unlisted = append(v.unlisted, err)
	}
	return nil
}

// ErrIncomplete is the error of an answer from stores of which something could not be listed: all
// that could be has been searched.
var ErrIncomplete = errors.New("lake: not all could be listed")

// whole returns an ErrIncomplete where something could not be listed.
func (v *view) whole() error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.unlisted) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrIncomplete, errors.Join(v.unlisted...))
}

// stored is a Parquet file in a store.
type stored struct {
	view  *view
	store Store
	name  string
	size  int64   // as it was listed
	other *stored // a copy in another store
	bad   bool    // it cannot be read

	mu     sync.Mutex
	reader Reader
	opened int64 // its size when it was opened first
	file   *read.File
}

// ReadAt opens the file where it is not open. A store whose files are read from afar may notice
// here that one is gone, and not before: its end came from a cache, or it was deleted since Open.
func (s *stored) ReadAt(p []byte, at int64) (int, error) {
	r, err := s.open()
	if err != nil {
		return 0, err
	}
	s.view.reads.Add(1)
	if n := s.view.bytes.Add(int64(len(p))); n > s.view.maxBytes {
		return 0, &TooMuchError{Estimate: n, Limit: s.view.maxBytes, Narrow: narrow}
	}
	n, err := r.ReadAt(p, at)
	if errors.Is(err, fs.ErrNotExist) {
		return n, errGone
	}
	return n, err
}

func (s *stored) open() (Reader, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reader != nil {
		return s.reader, nil
	}
	r, err := s.store.Open(s.view.ctx, s.name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, errGone
	}
	if err != nil {
		return nil, err
	}
	if s.file != nil && r.Size() != s.opened {
		r.Close()
		return nil, errGone
	}
	s.reader, s.opened = r, r.Size()
	return r, nil
}

func (s *stored) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.reader != nil {
		s.reader.Close()
		s.reader = nil
	}
}

// footer opens the file and reads its footer.
func (s *stored) footer() error {
	if s.file != nil {
		return nil
	}
	if _, err := s.open(); err != nil {
		return err
	}
	return s.guard(func() (err error) {
		file, err := read.Open(s, s.opened)
		if err == nil {
			s.file = file
		}
		return err
	})
}

// guard makes an error of a panic: a fault in reading one damaged file must not end a search over
// good ones, and less the process.
func (s *stored) guard(do func() error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("a fault in reading it: %v\n%s", p, debug.Stack())
		}
	}()
	return do()
}

// base is the file's name without its directory.
func (s *stored) base() string { return s.name[len(partitionLayout):] }

// partition is the files of one partition, of all stores.
type partition struct {
	begin    int64 // microseconds
	files    []*stored
	journals []*openSegment // those whose events count
	again    int            // how often it was listed again
}

// list returns the partitions of the range that have files, in no order.
func (v *view) list(span timeRange) (all []*partition, err error) {
	prefixes := prefixes(span)
	found := make([]map[int64]*partition, len(prefixes)) // which have no partition in common
	err = parallel(v.ctx, waiting, len(prefixes), func(i int) error {
		found[i] = map[int64]*partition{}
		return v.listInto(found[i], prefixes[i], span)
	})
	for _, of := range found {
		all = slices.AppendSeq(all, maps.Values(of))
	}
	return all, err
}

// maxHours is how many hours are listed each on its own. A longer range is listed in one go.
const maxHours = 48

func prefixes(span timeRange) (all []string) {
	const hour = int64(time.Hour / time.Microsecond)
	if span.until-span.since <= 0 || uint64(span.until-span.since) > uint64(maxHours*hour) {
		return []string{""}
	}
	last := floorPartition(span.until - 1) // of the year 9999 at most
	for us := floorPartition(span.since); us <= last; us += partitionMicros {
		name := Partition(time.UnixMicro(us))
		name = name[:strings.Index(name, "minute=")]
		if len(all) == 0 || all[len(all)-1] != name {
			all = append(all, name)
		}
	}
	return all
}

func (v *view) listInto(found map[int64]*partition, prefix string, span timeRange) error {
	for _, store := range v.stores {
		for f, err := range store.List(v.ctx, prefix) {
			if err != nil {
				if err := v.unlist(store, "files", err); err != nil {
					return err
				}
				continue
			}
			in, base, ok := ours(f.Name)
			if !ok {
				continue
			}
			begin, _ := PartitionTime(in)
			us := begin.UnixMicro()
			if us >= span.until || us+partitionMicros <= span.since {
				continue
			}
			p := found[us]
			if p == nil {
				p = &partition{begin: us}
				found[us] = p
			}
			// IDs are random: the same name in another store is a copy.
			s := &stored{view: v, store: store, name: f.Name, size: f.Size}
			if i := slices.IndexFunc(p.files, func(s *stored) bool { return s.base() == base }); i >= 0 {
				s.other, p.files[i].other = p.files[i].other, s
			} else {
				p.files = append(p.files, s)
			}
		}
	}
	return nil
}

// withJournals returns all, with the partitions of the range that segments have hits in besides.
func (v *view) withJournals(all []*partition, span timeRange) []*partition {
	have := map[int64]bool{}
	for _, p := range all {
		have[p.begin] = true
	}
	for _, o := range v.segments {
		for begin := range o.hits {
			if !have[begin] && begin < span.until && begin+partitionMicros > span.since {
				have[begin] = true
				all = append(all, &partition{begin: begin})
			}
		}
	}
	return all
}

// relist lists p again.
func (v *view) relist(p *partition) error {
	p.close()
	found := map[int64]*partition{}
	span := timeRange{p.begin, p.begin + 1}
	if err := v.listInto(found, Partition(time.UnixMicro(p.begin)), span); err != nil {
		return err
	}
	p.files, p.journals = nil, nil
	if again := found[p.begin]; again != nil {
		p.files = again.files
	}
	return nil
}

func (p *partition) close() {
	for _, f := range p.files {
		f.close()
	}
}

const (
	// maxOpen is how many files are held open between reading their footers and the rest.
	maxOpen = 128

	// maxKept is how many of the files of a partition stay open between a search and the reading of
	// the rows that it has found. The reader of a file in a bucket keeps up to 7 MiB that it has
	// read; the others are opened again.
	maxKept = 16

	// maxAgain is how often a partition is listed again. Each time a merge must have ended.
	maxAgain = 100
)

// visit calls file for the files of p that count, several at once, and sets which journals count.
// More says that end reads more of the file. End is called after these. Begin is called before, and
// again when all of it must be forgotten because files went away.
func (v *view) visit(p *partition, begin func(), file func(*stored) (more bool, err error), end func() error) error {
	defer p.close()
	for {
		begin()
		err := v.footers(p)
		if err == nil {
			err = v.files(p, file)
		}
		if err == nil {
			err = end()
		}
		if err == nil && v.instead(p) {
			continue
		}
		if !errors.Is(err, errGone) {
			return err
		}
		if p.again++; p.again > maxAgain {
			return fmt.Errorf("lake: the files of %s change all the time", Partition(time.UnixMicro(p.begin)))
		}
		if err := v.relist(p); err != nil {
			return err
		}
	}
}

// files calls file for the files of p, and closes those that are read no more.
func (v *view) files(p *partition, file func(*stored) (more bool, err error)) error {
	var kept atomic.Int64
	return v.each(p.files, func(s *stored) error {
		more, err := file(s)
		if !more || kept.Add(1) > maxKept {
			s.close()
		}
		return err
	})
}

// instead takes out files that could not be read, and reports whether the partition is to be read
// again: there are copies, or segments, that may have their events.
func (v *view) instead(p *partition) bool {
	again := p.useCopies()
	have := len(p.files)
	p.drop(func(s *stored) bool { return s.bad })
	return again || len(p.files) < have && len(v.segments) > 0
}

// useCopies puts copies in the place of files that could not be read, and reports whether there
// were any.
func (p *partition) useCopies() (any bool) {
	for i, s := range p.files {
		if s.bad && s.other != nil {
			s.close()
			p.files[i], any = s.other, true
		}
	}
	return any
}

// drop takes files out, and closes them.
func (p *partition) drop(out func(*stored) bool) {
	p.files = slices.DeleteFunc(p.files, func(s *stored) bool {
		if out(s) {
			s.close()
			return true
		}
		return false
	})
}

// footers reads the footers, and keeps the files that count.
func (v *view) footers(p *partition) error {
	for again := true; again; again = p.useCopies() {
		err := v.footersOf(p.files, func(s *stored) error {
			if len(p.files) > maxOpen {
				defer s.close()
			}
			s.bad = false // an earlier visit may have had no luck
			return s.footer()
		})
		if err != nil {
			return err
		}
	}
	p.drop(func(s *stored) bool { return s.bad })
	there, replaced := map[string]bool{}, map[string]bool{}
	for _, s := range p.files {
		there[s.base()] = true
		for name := range strings.FieldsSeq(s.file.Meta(table.MetaReplaces)) {
			replaced[name] = true
		}
	}
	p.drop(func(s *stored) bool { return replaced[s.base()] })
	p.journals = p.journals[:0]
	for _, s := range v.segments {
		if file := s.header.ID + Suffix; s.opened() && !there[file] && !replaced[file] {
			p.journals = append(p.journals, s)
		}
	}
	return nil
}

// each calls do for files, several at once. Damage is noted; what ends the search is returned.
func (v *view) each(files []*stored, do func(*stored) error) error {
	return parallel(v.ctx, working(), len(files), func(i int) error { return v.one(files[i], do) })
}

// footersOf is each for what waits for the store.
func (v *view) footersOf(files []*stored, do func(*stored) error) error {
	return parallel(v.ctx, waiting, len(files), func(i int) error { return v.one(files[i], do) })
}

func (v *view) one(s *stored, do func(*stored) error) error {
	err := s.guard(func() error { return do(s) })
	var tooMuch *TooMuchError
	switch {
	case err == nil:
	case v.ctx.Err() != nil:
		return v.ctx.Err()
	case errors.Is(err, errGone) || errors.As(err, &tooMuch):
		return err
	default:
		s.bad = true
		v.skip(s.store, s.name, err)
	}
	return nil
}

// working is how many files are worked on at once.
func working() int { return 2 * runtime.GOMAXPROCS(0) }

// parallel calls do for 0 to n-1, width of them at once, and returns when all have returned. After
// an error no more are begun.
func parallel(ctx context.Context, width, n int, do func(i int) error) error {
	var (
		next   atomic.Int64
		once   sync.Once
		failed atomic.Bool
		first  error
		wg     sync.WaitGroup
	)
	work := func() {
		for !failed.Load() {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			err := ctx.Err()
			if err == nil {
				err = do(i)
			}
			if err != nil {
				once.Do(func() { first = err })
				failed.Store(true)
			}
		}
	}
	for range min(n, width) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	return first
}

// narrow is said to people who ask for too much.
const narrow = "a shorter range or a value under a key narrows it, and only files with that value are read; or raise the limit"

// sampleFiles is how many footers an estimate reads at most.
const sampleFiles = 16

// estimate returns about how many bytes a search of the partitions reads. It reads the footers of
// a few files, as far apart as may be, and goes by the size of the others.
func (v *view) estimate(partitions []*partition, q *read.Filter, rows bool) (int64, error) {
	var files []*stored
	var size int64
	for _, p := range partitions {
		for _, f := range p.files {
			files = append(files, f)
			size += f.size
		}
	}
	var sample []*stored
	step := max(1, (len(files)+sampleFiles-1)/sampleFiles)
	for i := 0; i < len(files); i += step {
		sample = append(sample, files[i])
	}
	var sampled, cost atomic.Int64
	v.sample = append(v.sample, sample...)
	err := v.footersOf(sample, func(s *stored) error {
		err := s.footer()
		if err == nil {
			sampled.Add(s.size)
			cost.Add(s.file.Cost(q, rows) + footerCost)
		}
		return unlessLater(err)
	})
	if err != nil || sampled.Load() == 0 {
		return 0, err
	}
	return int64(float64(cost.Load()) * float64(size) / float64(sampled.Load())), nil
}

// footerCost is about what the footer of a file is.
const footerCost = 16 << 10
