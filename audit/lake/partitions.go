package lake

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// partition holds the files of one partition in all stores.
type partition struct {
	begin    int64 // microseconds
	files    []*stored
	journals []*openSegment // the segments whose events are not in the files
	again    int            // how often it was listed again
}

// maxHours is the length of the longest range for which each hour is listed separately. For a
// longer range, the whole store is listed.
const maxHours = 48

func prefixes(span timeRange) (all []string) {
	const hour = int64(time.Hour / time.Microsecond)
	if span.until-span.since <= 0 || uint64(span.until-span.since) > uint64(maxHours*hour) {
		return []string{""}
	}
	last := floorPartition(span.until - 1) // in the year 9999 at most
	for us := floorPartition(span.since); us <= last; us += partitionMicros {
		name := Partition(time.UnixMicro(us))
		name = name[:strings.Index(name, "minute=")]
		if len(all) == 0 || all[len(all)-1] != name {
			all = append(all, name)
		}
	}
	return all
}

func (p *partition) close() {
	for _, f := range p.files {
		f.close()
	}
}

// useCopies replaces each file that could not be read by a copy in another store. It reports
// whether there was such a copy.
func (p *partition) useCopies() (any bool) {
	for i, s := range p.files {
		if s.bad && s.other != nil {
			s.close()
			p.files[i], any = s.other, true
		}
	}
	return any
}

// drop removes and closes the files for which out returns true.
func (p *partition) drop(out func(*stored) bool) {
	p.files = slices.DeleteFunc(p.files, func(s *stored) bool {
		if out(s) {
			s.close()
			return true
		}
		return false
	})
}

// list returns the partitions of the range that have files, in no order.
func (v *view) list(span timeRange) (all []*partition, err error) {
	prefixes := prefixes(span)
	found := make([]map[int64]*partition, len(prefixes)) // no partition is in two of these maps
	err = parallel(v.ctx, waiting, len(prefixes), func(i int) error {
		found[i] = map[int64]*partition{}
		return v.listInto(found[i], prefixes[i], span)
	})
	for _, of := range found {
		all = slices.AppendSeq(all, maps.Values(of))
	}
	return all, err
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
			// IDs are random, so a file with the same name in another store is a copy.
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

// withJournals returns the slice all, and after it the other partitions of the range in which
// segments have hits.
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

// relist lists the files of p again.
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
