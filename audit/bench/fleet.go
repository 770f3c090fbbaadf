package main

import (
	"context"
	"encoding/hex"
	"flag"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"text/tabwriter"
	"time"

	"example.com/clew/audit/internal/made"
	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/lake"
)

// runFleet makes a lake with many writers: a fleet. Each writer has a small file in each
// partition. runFleet measures Compact, and searches before and after it.
func runFleet(args []string) error {
	flags := flag.NewFlagSet("fleet", flag.ExitOnError)
	writers := flags.Int("writers", 1000, "number of writers")
	partitions := flags.Int("partitions", 12, "number of partitions of five minutes")
	events := flags.Int("events", 300, "number of events of each writer in each partition")
	dir := flags.String("dir", "", "directory in which the lakes before and after Compact are kept; \"\": a temporary one")
	rounds := flags.Int("rounds", 21, "number of searches of each kind")
	flags.Parse(args)

	if *dir == "" {
		temporary, err := os.MkdirTemp("", "clew-bench-")
		if err != nil {
			return err
		}
		defer os.RemoveAll(temporary)
		*dir = temporary
	}
	before, after := filepath.Join(*dir, "before"), filepath.Join(*dir, "after")
	f := &fleet{writers: *writers, partitions: *partitions, events: *events, random: rand.New(rand.NewPCG(1, 2))}
	if err := f.fill(before); err != nil {
		return err
	}
	if err := link(before, after); err != nil {
		return err
	}
	passes, err := compactAll(after)
	if err != nil {
		return err
	}
	if err := f.lakes(before, after, *rounds); err != nil {
		return err
	}
	return printPasses(passes)
}

// fleet is many writers of one lake.
type fleet struct {
	writers, partitions, events int
	random                      *rand.Rand
	asked                       []lake.Event // some of the events, which the searches look for
}

// fleetBegin is the beginning of the fleet's events. It is so long ago that Compact merges the
// files.
var fleetBegin = begin.Add(-3 * time.Hour).Truncate(time.Hour)

// fill writes the lake. The events of a trace are spread over all writers, as if its requests
// passed through many services.
func (f *fleet) fill(dir string) error {
	store := &counted{Store: lake.Dir(dir)}
	each := f.writers * f.events
	g := made.New(7, fleetBegin, float64(each)/lake.PartitionSpan.Seconds())
	contexts := map[[16]byte]map[string]string{}
	start, used := time.Now(), cpu()
	for p := range f.partitions {
		batches := make([][]lake.Event, f.writers)
		for i := range each {
			m := g.Next()
			e := lake.Event{Time: time.UnixMicro(m.Time), TraceID: hex.EncodeToString(m.TraceID[:]), App: m.App, Message: m.Message, TraceNames: m.TraceNames}
			if e.Context = contexts[m.TraceID]; e.Context == nil {
				e.Context = map[string]string{}
				for _, pair := range m.Context {
					e.Context[pair.Key] = pair.Value
				}
				contexts[m.TraceID] = e.Context
			}
			if i%10_007 == 0 {
				f.asked = append(f.asked, e)
			}
			w := f.random.IntN(f.writers)
			batches[w] = append(batches[w], e)
		}
		if err := writeFleet(store, p, batches); err != nil {
			return err
		}
		if len(contexts) > 1<<20 {
			clear(contexts)
		}
	}
	n := f.partitions * each
	fmt.Printf("%d writers, %d partitions, %d events: %d files, %.1f MB, written in %v, %.1f µs of CPU an event\n",
		f.writers, f.partitions, n, store.puts.Load(), float64(store.written.Load())/1e6, time.Since(start).Round(time.Second), float64((cpu()-used).Microseconds())/float64(n))
	return nil
}

// writeFleet writes the batches of all writers into one partition. Eight goroutines write at the
// same time, to imitate many processes.
func writeFleet(store lake.Store, partition int, batches [][]lake.Event) error {
	var wait sync.WaitGroup
	errs := make([]error, 8)
	for k := range errs {
		wait.Go(func() {
			for w := k; w < len(batches) && errs[k] == nil; w += len(errs) {
				at := fleetBegin.Add(time.Duration(partition) * lake.PartitionSpan)
				id := segment.NewID(at.UnixMicro(), uint64(w))
				_, errs[k] = lake.Write(context.Background(), store, id, eventsOf(batches[w]))
			}
		})
	}
	wait.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func eventsOf(all []lake.Event) iter.Seq2[lake.Event, error] {
	return func(yield func(lake.Event, error) bool) {
		for _, e := range all {
			if !yield(e, nil) {
				return
			}
		}
	}
}

// link copies a lake by hard links. This works because Compact replaces files, and does not change
// them.
func link(from, to string) error {
	for f, err := range lake.Dir(from).List(context.Background(), "") {
		if err != nil {
			return err
		}
		name := filepath.Join(to, filepath.FromSlash(f.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return err
		}
		if err := os.Link(filepath.Join(from, filepath.FromSlash(f.Name)), name); err != nil {
			return err
		}
	}
	return nil
}

// pass is the result of one call of Compact.
type pass struct {
	lake.Compacted
	took, cpu   time.Duration
	store       counted
	files       int // the number of files after the call
	peak, bytes int64
}

// compactAll compacts until there is nothing to do.
func compactAll(dir string) (passes []*pass, err error) {
	for {
		p := &pass{store: counted{Store: lake.Dir(dir)}}
		start, used := time.Now(), cpu()
		p.Compacted, err = lake.Compact(context.Background(), &p.store, lake.CompactOptions{})
		p.took, p.cpu, p.peak = time.Since(start), cpu()-used, peak()
		if err != nil {
			return passes, err
		}
		if p.files, p.bytes, err = countFiles(dir); err != nil {
			return passes, err
		}
		passes = append(passes, p)
		if p.Merged == 0 {
			return passes, nil
		}
	}
}

func countFiles(dir string) (files int, bytes int64, err error) {
	for f, err := range lake.Dir(dir).List(context.Background(), "") {
		if err != nil {
			return 0, 0, err
		}
		files, bytes = files+1, bytes+f.Size
	}
	return files, bytes, nil
}

// lakes runs the same searches in both lakes, in turn, and prints their costs.
func (f *fleet) lakes(before, after string, rounds int) error {
	kinds := []struct {
		name  string
		query func(e lake.Event) lake.Query
	}{
		{"a trace ID", func(e lake.Event) lake.Query { return lake.Query{TraceID: e.TraceID, MaxBytes: -1} }},
		{"a value in its five minutes", func(e lake.Event) lake.Query {
			since := e.Time.Truncate(lake.PartitionSpan)
			return lake.Query{Context: map[string]string{"network_id": e.Context["network_id"]}, Since: since, Until: since.Add(lake.PartitionSpan), MaxBytes: -1}
		}},
		{"a value in all", func(e lake.Event) lake.Query {
			return lake.Query{Context: map[string]string{"network_id": e.Context["network_id"]}, Since: fleetBegin.Add(-time.Hour), MaxBytes: -1}
		}},
	}
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "searched for\tlake\tmedian\tfiles\treads\tbytes\tevents found")
	for _, kind := range kinds {
		var rows [2]int
		for i, dir := range []string{before, after} {
			answer, err := askFleet(lake.Dir(dir), f.asked, kind.query, rounds)
			if err != nil {
				return err
			}
			rows[i] = answer.rows
			fmt.Fprintf(t, "%s\t%s\t%.1f ms\t%d\t%d\t%.2f MB\t%d\n", kind.name, filepath.Base(dir), answer.median.Seconds()*1e3,
				answer.Files/rounds, answer.Reads/int64(rounds), float64(answer.Bytes)/float64(rounds)/1e6, answer.rows)
		}
		if rows[0] != rows[1] {
			return fmt.Errorf("%s: %d events were found before, and %d after", kind.name, rows[0], rows[1])
		}
	}
	return t.Flush()
}

// answered is the cost of several searches together.
type answered struct {
	lake.Report
	median time.Duration
	rows   int
}

func askFleet(store lake.Store, asked []lake.Event, query func(lake.Event) lake.Query, rounds int) (all answered, err error) {
	random := rand.New(rand.NewPCG(3, 4))
	var took []time.Duration
	for round := range rounds + 1 {
		q := query(asked[random.IntN(len(asked))])
		var report lake.Report
		start := time.Now()
		n, err := lake.Count(context.Background(), q, &report, store)
		if err != nil {
			return all, err
		}
		if round == 0 { // the first search warms the page cache
			continue
		}
		took = append(took, time.Since(start))
		all.rows += int(n)
		all.Files += report.Files
		all.Reads += report.Reads
		all.Bytes += report.Bytes
	}
	slices.Sort(took)
	all.median = took[len(took)/2]
	return all, nil
}

func printPasses(passes []*pass) error {
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "Compact\tmerged\tinto\tfiles then\tMB then\ttook\tCPU\tlists\topens\treads\tread MB\tputs\tdeletes\tpeak memory")
	for i, p := range passes {
		s := &p.store
		fmt.Fprintf(t, "%d\t%d\t%d\t%d\t%.1f\t%.1f s\t%.1f s\t%d\t%d\t%d\t%.1f\t%d\t%d\t%.0f MB\n", i+1, p.Merged, p.Into, p.files, float64(p.bytes)/1e6, p.took.Seconds(), p.cpu.Seconds(),
			s.lists.Load(), s.opens.Load(), s.reads.Load(), float64(s.read.Load())/1e6, s.puts.Load(), s.deletes.Load(), float64(p.peak)/1e6)
	}
	return t.Flush()
}

// counted is a store that counts the requests that S3 would get. A list counts as one request for
// each thousand files. Each read counts, although package s3 would answer some reads from its
// cache.
type counted struct {
	lake.Store
	lists, opens, reads, puts, deletes atomic.Int64
	read, written                      atomic.Int64
}

func (c *counted) Put(ctx context.Context, name string, from io.ReaderAt, size int64) error {
	c.puts.Add(1)
	c.written.Add(size)
	return c.Store.Put(ctx, name, from, size)
}

func (c *counted) List(ctx context.Context, prefix string) iter.Seq2[lake.File, error] {
	return func(yield func(lake.File, error) bool) {
		n := 0
		for f, err := range c.Store.List(ctx, prefix) {
			if n%1000 == 0 {
				c.lists.Add(1)
			}
			n++
			if !yield(f, err) {
				return
			}
		}
	}
}

func (c *counted) Open(ctx context.Context, name string) (lake.Reader, error) {
	c.opens.Add(1)
	r, err := c.Store.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	return &countedReader{r, c}, nil
}

func (c *counted) Delete(ctx context.Context, name string) error {
	c.deletes.Add(1)
	return c.Store.Delete(ctx, name)
}

type countedReader struct {
	lake.Reader
	of *counted
}

func (r *countedReader) ReadAt(p []byte, at int64) (int, error) {
	r.of.reads.Add(1)
	r.of.read.Add(int64(len(p)))
	return r.Reader.ReadAt(p, at)
}
