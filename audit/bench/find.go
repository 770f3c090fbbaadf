package main

import (
	"context"
	"encoding/hex"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"example.com/clew/audit/internal/made"
	"example.com/clew/audit/internal/pack"
	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/lake"
)

// runFind makes a lake, unless dir has one already, and measures searches in it.
func runFind(args []string) error {
	flags := flag.NewFlagSet("find", flag.ExitOnError)
	events := flags.Int("events", 30_000_000, "number of events")
	dir := flags.String("dir", "", "directory in which the lake is kept; \"\": a temporary one")
	node := flags.String("node", "", "a directory with @duckdb/node-api")
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
	asked, err := fill(*dir, *events)
	if err != nil {
		return err
	}
	size, err := sizeOf(*dir)
	if err != nil {
		return err
	}
	fmt.Printf("%d events, %.2f bytes each\n", *events, float64(size)/float64(*events))
	return ask(lake.Dir(*dir), asked, *rounds, *node, *dir)
}

// fill writes segments of 850,000 events, about 128 MB each, and packs them. It returns some of
// the events, which the searches look for.
func fill(dir string, n int) (asked []made.Event, err error) {
	const each = 850_000
	store := lake.Dir(dir)
	g := made.New(7, begin, 100_000)
	p := pack.NewPacker()
	path := filepath.Join(dir, "segment")
	defer os.Remove(path)
	for at := 0; at < n; at += each {
		all := segment.AppendHeader(nil, segment.Header{ID: segment.NewID(begin.UnixMicro()+int64(at), uint64(at)), App: "bench"})
		block := make([]byte, segment.BlockHead, 1<<20)
		for i := at; i < min(at+each, n); i++ {
			e := g.Next()
			if i%100_003 == 0 {
				asked = append(asked, *e)
			}
			if block = e.AppendRecord(block); len(block) > 900<<10 {
				segment.PutBlockHead(block)
				all, block = append(all, block...), block[:segment.BlockHead]
			}
		}
		segment.PutBlockHead(block)
		if err := os.WriteFile(path, append(all, block...), 0o644); err != nil {
			return nil, err
		}
		if _, err := p.Segment(context.Background(), store, path); err != nil {
			return nil, err
		}
	}
	return asked, nil
}

func ask(store lake.Store, asked []made.Event, rounds int, node, dir string) error {
	fmt.Println("| searched for | median | worst | bytes read | rows |")
	fmt.Println("|---|---|---|---|---|")
	random := rand.New(rand.NewPCG(1, 2))
	kinds := []struct {
		name  string
		query func(e made.Event) lake.Query
	}{
		{"trace ID", func(e made.Event) lake.Query { return lake.Query{TraceID: hex.EncodeToString(e.TraceID[:])} }},
		{"rare context value", func(e made.Event) lake.Query {
			return lake.Query{Context: map[string]string{"network_id": e.Context[1].Value}}
		}},
		{"rare value, any key", func(e made.Event) lake.Query { return lake.Query{Values: []string{e.Context[1].Value}} }},
	}
	var ours time.Duration
	for _, kind := range kinds {
		var took []time.Duration
		var bytes int64
		rows := 0
		for range rounds + 1 {
			e := asked[random.IntN(len(asked))]
			start := time.Now()
			n, read, err := find(kind.query(e), store)
			if err != nil {
				return err
			}
			took = append(took, time.Since(start))
			rows, bytes = rows+n, max(bytes, read)
		}
		took = took[1:] // the first one warms the page cache
		slices.Sort(took)
		fmt.Printf("| %s | %v | %v | at most %.1f MB | %d in %d |\n", kind.name, took[len(took)/2], took[len(took)-1], float64(bytes)/1e6, rows, rounds+1)
		if kind.name == "rare context value" {
			ours = took[len(took)/2]
		}
	}
	if node == "" {
		return nil
	}
	e := asked[len(asked)/2]
	said, err := runScript(node, "find", filepath.Join(dir, "*/*/*/*/*/*.parquet"), e.Context[1].Key, e.Context[1].Value)
	if err != nil {
		return err
	}
	fmt.Printf("DuckDB, rare context value: %.0f ms, %d rows, %.0f times as long, on %d cores\n", said.Find, said.Rows, said.Find/(ours.Seconds()*1e3), runtime.NumCPU())
	return nil
}

// find runs a search and reads all events that it finds, as clew-audit does.
func find(q lake.Query, store lake.Store) (rows int, read int64, err error) {
	var report lake.Report
	for _, err := range lake.Find(context.Background(), q, &report, store) {
		if err != nil {
			return rows, report.Bytes, err
		}
		rows++
	}
	if len(report.Skipped) > 0 {
		return rows, report.Bytes, fmt.Errorf("skipped %s: %w", report.Skipped[0].Name, report.Skipped[0].Err)
	}
	return rows, report.Bytes, nil
}
