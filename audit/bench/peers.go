package main

import (
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/lake"
	"github.com/rs/zerolog"
	"gopkg.in/natefinch/lumberjack.v2"
	_ "modernc.org/sqlite" // the driver "sqlite"
)

// peer is a way to write events, and to find the events with one value.
type peer struct {
	name  string
	write func(dir string, events []event) error
	find  func(dir, key, value string) (rows int, err error)
}

var peers = []peer{
	{"clew audit", writeAudit, findAudit},
	{"zerolog to a file", writeZerolog, findLines},
	{"zerolog, lumberjack, gzip", writeLumberjack, findLines},
	{"SQLite, batches of 10,000", writeSQLite, findSQLite},
	{"SQLite, each event", writeSQLiteEach, findSQLite},
}

func writeAudit(dir string, events []event) error {
	l, err := audit.Open(audit.Config{Dir: dir, App: "bench", Full: audit.Block})
	if err != nil {
		return err
	}
	for i := range events {
		l.Log(events[i].ctx, events[i].Message, events[i].attrs...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := l.Close(ctx); err != nil {
		return err
	}
	if s := l.Stats(); s.Written != int64(len(events)) {
		return fmt.Errorf("%d of %d events were written", s.Written, len(events))
	}
	return nil
}

func findAudit(dir, key, value string) (rows int, err error) {
	rows, _, err = find(lake.Query{Context: map[string]string{key: value}}, lake.Dir(dir))
	return rows, err
}

func writeZerolog(dir string, events []event) error {
	file, err := os.Create(filepath.Join(dir, "audit.log"))
	if err != nil {
		return err
	}
	return errors.Join(writeLines(file, events), file.Sync(), file.Close())
}

// writeLumberjack rotates its file at 128 MB, the size of audit's segments, and waits until the
// last backup is compressed.
func writeLumberjack(dir string, events []event) error {
	file := &lumberjack.Logger{Filename: filepath.Join(dir, "audit.log"), MaxSize: 128, Compress: true}
	if err := errors.Join(writeLines(file, events), file.Rotate(), file.Close()); err != nil {
		return err
	}
	for {
		left, err := filepath.Glob(filepath.Join(dir, "audit-*.log"))
		if err != nil || len(left) == 0 {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func writeLines(w io.Writer, events []event) error {
	log := zerolog.New(w)
	for i := range events {
		e := &events[i]
		line := log.Log().Int64("timestamp", e.Time).Str("trace_id", e.id).Str("app", e.App)
		for _, pair := range e.Context {
			line = line.Str(pair.Key, pair.Value)
		}
		line.Strs("trace_names", e.TraceNames).Msg(e.Message)
	}
	return nil
}

// findLines reads all files, as grep and zgrep do, and counts the pairs with the key and the
// value.
func findLines(dir, key, value string) (rows int, err error) {
	pattern := fmt.Sprintf(`"%s":"%s"`, key, value)
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		var r io.Reader = file
		if strings.HasSuffix(path, ".gz") {
			if r, err = gzip.NewReader(file); err != nil {
				return err
			}
		}
		all, err := io.ReadAll(r)
		rows += strings.Count(string(all), pattern)
		return err
	})
	return rows, err
}

const tables = `
PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;
CREATE TABLE events (id INTEGER PRIMARY KEY, timestamp INTEGER, trace_id TEXT, app TEXT, message TEXT, context TEXT, trace_names TEXT);
CREATE TABLE pairs (event INTEGER, key TEXT, value TEXT);
CREATE INDEX by_trace ON events (trace_id);
CREATE INDEX by_value ON pairs (value)`

func writeSQLite(dir string, events []event) error     { return insert(dir, events, 10_000) }
func writeSQLiteEach(dir string, events []event) error { return insert(dir, events, 1) }

// insert writes events, with a commit for each batch.
func insert(dir string, events []event, batch int) error {
	db, err := sql.Open("sqlite", filepath.Join(dir, "audit.db"))
	if err != nil {
		return err
	}
	defer db.Close()
	if _, err := db.Exec(tables); err != nil {
		return err
	}
	for at := 0; at < len(events); at += batch {
		if err := insertBatch(db, at, events[at:min(at+batch, len(events))]); err != nil {
			return err
		}
	}
	return nil
}

func insertBatch(db *sql.DB, at int, events []event) error {
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after Commit
	event, err := tx.Prepare(`INSERT INTO events VALUES (?, ?, ?, ?, ?, ?, ?)`)
	if err != nil {
		return err
	}
	pair, err := tx.Prepare(`INSERT INTO pairs VALUES (?, ?, ?)`)
	if err != nil {
		return err
	}
	for i := range events {
		e := &events[i]
		context := map[string]string{}
		for _, p := range e.Context {
			context[p.Key] = p.Value
			if _, err := pair.Exec(at+i, p.Key, p.Value); err != nil {
				return err
			}
		}
		text, err := json.Marshal(context)
		if err != nil {
			return err
		}
		if _, err := event.Exec(at+i, e.Time, e.id, e.App, e.Message, string(text), strings.Join(e.TraceNames, ",")); err != nil {
			return err
		}
	}
	return tx.Commit()
}

func findSQLite(dir, key, value string) (rows int, err error) {
	db, err := sql.Open("sqlite", filepath.Join(dir, "audit.db"))
	if err != nil {
		return 0, err
	}
	defer db.Close()
	err = db.QueryRow(`SELECT count(context) FROM events JOIN pairs ON event = id WHERE key = ? AND value = ?`, key, value).Scan(&rows)
	return rows, err
}
