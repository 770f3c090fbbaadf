package main

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// script is a program for Node that uses DuckDB's appender and queries.
//
//go:embed duckdb.mjs
var script string

// duckdb lets DuckDB write n events from memory, with its appender, and find a value.
func duckdb(node string, n int) (r result, err error) {
	dir, err := os.MkdirTemp("", "clew-bench-")
	if err != nil {
		return r, err
	}
	defer os.RemoveAll(dir)
	lines := filepath.Join(dir, "events.jsonl")
	file, err := os.Create(lines)
	if err != nil {
		return r, err
	}
	f := newFeed(7, 500_000)
	to := json.NewEncoder(file)
	var wanted event
	for i := range n {
		e := f.next()
		if i == n/2 {
			wanted = e
		}
		context := map[string]string{}
		for _, pair := range e.Context {
			context[pair.Key] = pair.Value
		}
		if err := to.Encode([]any{e.Time, e.id, e.App, e.Message, context, append([]string{}, e.TraceNames...)}); err != nil {
			return r, err
		}
	}
	if err := file.Close(); err != nil {
		return r, err
	}
	db := filepath.Join(dir, "audit.duckdb")
	said, err := runScript(node, "append", lines, db, wanted.Event.Context[1].Key, wanted.Event.Context[1].Value)
	if err != nil {
		return r, err
	}
	info, err := os.Stat(db)
	if err != nil {
		return r, err
	}
	return result{
		Events: n,
		Wall:   time.Duration(said.Wall * 1e6),
		CPU:    time.Duration(said.CPU * 1e6),
		Bytes:  info.Size(),
		Find:   time.Duration(said.Find * 1e6),
		Rows:   said.Rows,
	}, nil
}

// scripted is the output of the script, with times in milliseconds.
type scripted struct {
	Wall, CPU, Find float64
	Rows            int
}

func runScript(node string, args ...string) (said scripted, err error) {
	path := filepath.Join(node, "duckdb.mjs")
	if err := os.WriteFile(path, []byte(script), 0o644); err != nil {
		return said, err
	}
	cmd := exec.Command("node", append([]string{"--max-old-space-size=8192", path}, args...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return said, err
	}
	if err := json.Unmarshal(out, &said); err != nil {
		return said, fmt.Errorf("%w: %.200s", err, out)
	}
	return said, nil
}
