package lake

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/internal/table"
	"example.com/clew/audit/internal/table/read"
)

// fromStart returns t, or a time before all events if t is zero: in a Query, a zero Since would
// mean 24 hours ago.
func fromStart(t time.Time) time.Time {
	if t.IsZero() {
		return time.Date(1, 1, 1, 0, 0, 0, 1000, time.UTC)
	}
	return t
}

// counting is the state of a call of Stats.
type counting struct {
	*view
	stats *Statistics

	mu          sync.Mutex
	apps        map[string]int64
	keys        map[string]*KeyStats
	messages    map[string]bool
	many        map[string]bool
	sample      map[string]bool // names of files
	rows        int64           // of all files
	sampledRows int64
	journals    map[*openSegment]bool // the segments that are counted
}

func (c *counting) run(span timeRange) error {
	if err := c.walkSegments(c.segment); err != nil {
		return err
	}
	partitions, err := c.list(span)
	if err != nil {
		return err
	}
	partitions = c.withJournals(partitions, span)
	slices.SortFunc(partitions, func(a, b *partition) int { return cmp.Compare(a.begin, b.begin) })
	c.choose(partitions)
	err = c.walk(partitions, maxAhead, func(p *partition) (more bool, err error) { return true, c.partition(p) })
	if err != nil {
		return err
	}
	c.finish()
	return nil
}

// segment counts the events of a segment in each partition.
func (c *counting) segment(o *openSegment) (clean bool, size int64, err error) {
	o.hits = map[int64]*hits{}
	return o.walk(c.ctx, nil, func(r *segment.Record) { o.hitsOf(floorPartition(r.Time)).count++ })
}

// choose chooses the files of the sample.
func (c *counting) choose(partitions []*partition) {
	var names []string
	for _, p := range partitions {
		for _, f := range p.files {
			names = append(names, f.name)
		}
	}
	c.sample = map[string]bool{}
	step := max(1, (len(names)+sampleGroups-1)/sampleGroups)
	for i := 0; i < len(names); i += step {
		c.sample[names[i]] = true
	}
}

// fileStats holds the statistics of one file.
type fileStats struct {
	file           *stored
	apps, messages []string
	keys           []string
	sample         *read.Sample
}

func (c *counting) partition(p *partition) error {
	var files []*fileStats
	err := c.visit(p, func() { files = nil }, func(f *stored) (more bool, err error) {
		s, err := c.file(f)
		if err == nil {
			c.mu.Lock()
			files = append(files, s)
			c.mu.Unlock()
		}
		return false, err
	}, func() error { return nil })
	if err != nil {
		return err
	}
	c.report.Partitions++
	c.report.Files += len(files)
	if len(files) > 0 {
		c.add(p, files)
	}
	for _, o := range p.journals {
		c.addJournal(o, p.begin)
	}
	return nil
}

// addJournal counts the events of the segment o in one partition. The argument begin is the time
// at which this partition begins.
func (c *counting) addJournal(o *openSegment, begin int64) {
	h := o.hits[begin]
	if h == nil {
		return
	}
	c.stats.JournalEvents += h.count
	if !c.journals[o] {
		c.journals[o] = true
		c.stats.JournalSegments++
		c.stats.JournalBytes += o.valid
	}
}

func (c *counting) file(f *stored) (*fileStats, error) {
	s := &fileStats{file: f}
	for n := range f.file.Groups() {
		group := f.file.Group(n)
		for index, to := range map[int]*[]string{table.App: &s.apps, table.Message: &s.messages, table.ContextKey: &s.keys} {
			words, err := group.Strings(index)
			if err != nil {
				return nil, err
			}
			*to = append(*to, words...)
		}
	}
	if c.sample[f.name] && f.file.Groups() > 0 {
		var err error
		if s.sample, err = f.file.Group(0).Sample(); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func (c *counting) add(p *partition, files []*fileStats) {
	stats := PartitionStats{Begin: time.UnixMicro(p.begin).UTC(), Files: len(files), Columns: map[string]int64{}}
	for _, s := range files {
		f := s.file.file
		stats.Bytes += s.file.opened
		for group := range f.Groups() {
			stats.Events += f.Rows(group)
		}
		for column, name := range columnNames {
			stats.Columns[name] += f.Bytes(column)
		}
		c.addWords(s)
		if s.sample != nil {
			c.addSample(s.sample)
		}
	}
	c.rows += stats.Events
	c.stats.Partitions = append(c.stats.Partitions, stats)
}

// columnNames are the names of the columns in PartitionStats.Columns.
var columnNames = [...]string{
	table.Timestamp: "timestamp", table.TraceID: "trace_id", table.App: "app", table.Message: "message",
	table.ContextKey: "context.key", table.ContextValue: "context.value", table.TraceNames: "trace_names",
}

func (c *counting) addWords(s *fileStats) {
	for _, app := range s.apps {
		c.apps[app] += 0
	}
	for _, key := range s.keys {
		if c.keys[key] == nil {
			c.keys[key] = &KeyStats{Key: key}
		}
	}
	for _, message := range s.messages {
		if len(c.messages) < maxMessages {
			c.messages[message] = true
		}
	}
	var many []string
	text := s.file.file.Meta(table.MetaManyMessages)
	if err := json.Unmarshal([]byte(text), &many); err != nil && text != "" {
		c.skip(s.file.store, s.file.name, errors.Join(errors.New("its "+table.MetaManyMessages), err))
	}
	for _, app := range many {
		c.many[app] = true
	}
}

func (c *counting) addSample(s *read.Sample) {
	c.sampledRows += s.Rows
	for app, n := range s.Apps {
		c.apps[app] += n
	}
	for key, of := range s.Keys {
		k := c.keys[key]
		if k == nil {
			k = &KeyStats{Key: key}
			c.keys[key] = k
		}
		k.Sampled += of.Pairs
		k.Bytes += of.Bytes
		k.Distinct += of.Distinct
	}
}

// finish extrapolates from the sample.
func (c *counting) finish() {
	factor := 0.
	if c.sampledRows > 0 {
		factor = float64(c.rows) / float64(c.sampledRows)
	}
	for app, n := range c.apps {
		c.stats.Apps = append(c.stats.Apps, AppStats{app, int64(float64(n) * factor)})
	}
	slices.SortFunc(c.stats.Apps, func(a, b AppStats) int {
		return cmp.Or(cmp.Compare(b.Events, a.Events), strings.Compare(a.App, b.App))
	})
	for _, k := range c.keys {
		k.Pairs, k.Bytes = int64(float64(k.Sampled)*factor), int64(float64(k.Bytes)*factor)
		c.stats.Keys = append(c.stats.Keys, *k)
	}
	slices.SortFunc(c.stats.Keys, func(a, b KeyStats) int {
		return cmp.Or(cmp.Compare(b.Bytes, a.Bytes), strings.Compare(a.Key, b.Key))
	})
	c.stats.Messages = len(c.messages)
	c.stats.ManyMessages = slices.Sorted(maps.Keys(c.many))
}
