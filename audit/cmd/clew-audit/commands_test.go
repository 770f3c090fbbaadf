package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The output contains no character of an event or a file name that a terminal would obey.
func TestHostile(t *testing.T) {
	const hostile = `\u001b[31m\u009b\u202e\u0007\r\u0085`
	dir := filepath.Join(t.TempDir(), "dir")
	line := `{"timestamp":"` + start.Format(time.RFC3339Nano) + `","app":"a` + hostile + `","message":"m` + hostile + `","trace_id":"` + firstTrace + `","context":{"k` + hostile + `":"v` + hostile + `"},"trace_names":["f` + hostile + `"]}`
	require.Equal(t, exitFound, clewAudit(t, line, "ingest", "-d", dir).code)
	rules := hostileFilters(t, dir)
	for _, args := range [][]string{
		{"find"}, {"find", "-o", "json"}, {"find", "--color", "always", "--width", "70"}, {"follow", firstTrace}, {"follow", firstTrace, "-o", "json"},
		{"trace", firstTrace}, {"trace", firstTrace, "-o", "json"}, {"stats"}, {"stats", "-o", "json"},
		{"filters", "check", rules}, {"filters", "check", rules, "-o", "json"}, {"filters", "list"}, {"filters", "list", "-o", "json"},
	} {
		r := clewAudit(t, "", append(args, "-d", dir)...)
		require.Equal(t, exitFound, r.code, "%v: %s", args, r.err)
		for _, colour := range []string{"0", "1", "2", "36"} { // the colours of clew-audit
			r.out = strings.ReplaceAll(r.out, "\x1b["+colour+"m", "")
		}
		assert.Equal(t, -1, strings.IndexAny(r.out, "\x1b\x07\r\u0085\u009b\u202e"), "%v: %q", args, r.out)
	}
}

// A corrupt file among good ones is reported, and the others are read.
func TestDamaged(t *testing.T) {
	dir := lakeOf(t, event(0, firstTrace, "a", "received", `"item":"XYZ.123"`))
	ingest := clewAudit(t, event(10*time.Minute, firstTrace, "a", "augmented", `"item":"XYZ.123"`), "ingest", "-d", dir)
	require.Equal(t, exitFound, ingest.code, ingest.err)
	files := parquetFiles(t, dir)
	require.Len(t, files, 2)
	require.NoError(t, os.WriteFile(files[1], []byte("PAR1 and nonsense"), 0o644))
	for _, args := range [][]string{{"find", "XYZ.123"}, {"follow", "XYZ.123"}, {"trace", firstTrace}, {"stats"}} {
		r := clewAudit(t, "", append(args, "-d", dir)...)
		assert.Equal(t, exitIncomplete, r.code, args)
		assert.Contains(t, r.err, filepath.Base(files[1])+" skipped: ", args)
		if args[0] != "stats" {
			assert.Equal(t, "received", shown(r.out), args)
		}
	}
}

func parquetFiles(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "year=*/month=*/day=*/hour=*/minute=*/*.parquet"))
	require.NoError(t, err)
	return files
}

func TestMaxBytes(t *testing.T) {
	dir := lakeOf(t, events)
	r := clewAudit(t, "", "find", "-d", dir, "XYZ.123", "--max-bytes", "10")
	assert.Equal(t, exitIncomplete, r.code)
	assert.Empty(t, r.out)
	assert.Regexp(t, `^clew-audit: this would read about .*B, and --max-bytes is 10 B: narrow it by --since, --until, --app or another value, or raise --max-bytes\n$`, r.err)
	assert.Equal(t, exitFound, clewAudit(t, "", "find", "-d", dir, "XYZ.123", "--max-bytes", "0").code)
}

func TestByteCount(t *testing.T) {
	tests := map[string]int64{"0": 0, "10": 10, "1kB": 1000, "1k": 1000, "500MB": 500e6, "1.5gb": 15e8, "2GiB": 2 << 30, "1 TB": 1e12, "": -1, "MB": -1, "1iB": -1, "-1": -1, "1PB": -1, "99999999999999999999": -1}
	for text, want := range tests {
		got, ok := byteCount(text)
		assert.Equal(t, want >= 0, ok, text)
		if ok {
			assert.Equal(t, want, got, text)
		}
	}
}

func TestCompact(t *testing.T) {
	dir := lakeOf(t, events)
	again := clewAudit(t, event(time.Millisecond, firstTrace, "b", "dropped", ""), "ingest", "-d", dir)
	require.Equal(t, exitFound, again.code, again.err)
	before := clewAudit(t, "", "find", "-d", dir, "-o", "json").out
	files := len(parquetFiles(t, dir))
	r := clewAudit(t, "", "compact", "-d", dir)
	assert.Equal(t, exitFound, r.code, r.err)
	assert.Regexp(t, `: 2 files with \d events merged into 1 file\n$`, r.out)
	assert.Len(t, parquetFiles(t, dir), files-1)
	assert.Equal(t, before, clewAudit(t, "", "find", "-d", dir, "-o", "json").out)
	assert.Equal(t, dir+": nothing to merge\n", clewAudit(t, "", "compact", "-d", dir, "-d", dir+"/.").out, "a directory that is given twice is compacted once")

	r = clewAudit(t, "", "compact", "-d", dir, "--ttl", "20m")
	assert.Equal(t, exitFound, r.code, r.err)
	assert.Regexp(t, `: nothing to merge, \d old files? with .*B deleted\n$`, r.out)
	assert.Empty(t, parquetFiles(t, dir))
}

// If compact is interrupted or fails, it does not print "nothing to merge".
func TestCompactStopped(t *testing.T) {
	dir := lakeOf(t, events)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, err bytes.Buffer
	assert.Equal(t, exitInterrupted, run(ctx, []string{"compact", "-d", dir}, strings.NewReader(""), &out, &err))
	assert.Empty(t, out.String())
	assert.Equal(t, "clew-audit: "+dir+": stopped before the end\n", err.String())

	held, unlock, lockErr := lake.Dir(dir).Lock(t.Context())
	require.NoError(t, lockErr)
	require.NoError(t, held.Err())
	defer unlock()
	r := clewAudit(t, "", "compact", "-d", dir)
	assert.Equal(t, exitIncomplete, r.code)
	assert.Empty(t, r.out)
	assert.Contains(t, r.err, "another compaction is running")
}

func TestStats(t *testing.T) {
	dir := lakeOf(t, events)
	r := clewAudit(t, "", "stats", "-d", dir)
	assert.Equal(t, exitFound, r.code, r.err)
	assert.Regexp(t, `^4 events in \d files? of \d partitions?, .*B an event\n4 messages, 4 apps, 5 keys\n`, r.out)
	for _, want := range []string{"\ncolumn ", "\napp ", "\nkey ", "\npartition (UTC) ", "\nfilters and indexes ", "\nitem "} {
		assert.Contains(t, r.out, want)
	}
	assert.NotContains(t, r.out, " \n")
	assert.Contains(t, clewAudit(t, "", "stats", "-d", dir, "--limit", "1").out, "and 3 more: --limit 0 shows all\n")
	var all struct {
		Partitions []struct{ Events, Bytes int64 }
		Apps       []struct{ App string }
		Messages   int
	}
	require.NoError(t, json.Unmarshal([]byte(clewAudit(t, "", "stats", "-d", dir, "-o", "json").out), &all))
	events := int64(0)
	for _, p := range all.Partitions {
		events += p.Events
	}
	assert.Equal(t, int64(4), events)
	assert.Len(t, all.Apps, 4)
	assert.Equal(t, 4, all.Messages)
	assert.Equal(t, exitNothing, clewAudit(t, "", "stats", "-d", t.TempDir()).code)
}

// The command demo makes events, and then answers where XYZ.123 is.
func TestDemo(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b")
	r := clewAudit(t, "", "demo", "-d", dir, "--events", "2000")
	require.Equal(t, exitFound, r.code, r.err)
	assert.Contains(t, r.out, "2,009 events, synthetic, over 2h, are in '"+dir+"'.")
	for _, want := range []string{"item received", "item augmented", "item stored", "row exported", "client notified"} {
		assert.Contains(t, r.out, want)
	}
	assert.Contains(t, clewAudit(t, "", "find", "-d", dir, "ABC.456").out, "why='over the client'\\''s quota'")
	assert.Equal(t, "2009\n", clewAudit(t, "", "find", "-d", dir, "--count", "--since", "3h").out)
}

// broken is a writer that cannot write.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("the disk is full") }

func TestAnswerNotWritten(t *testing.T) {
	dir := lakeOf(t, events)
	rules := hostileFilters(t, dir)
	for _, args := range [][]string{
		{"find"}, {"find", "-o", "json"}, {"find", "--count"}, {"follow", "XYZ.123"}, {"follow", "XYZ.123", "-o", "json"},
		{"trace", firstTrace}, {"trace", firstTrace, "-o", "json"}, {"stats"}, {"stats", "-o", "json"}, {"compact"}, {"version"},
		{"filters", "check", rules}, {"filters", "check", rules, "-o", "json"}, {"filters", "list"}, {"filters", "list", "-o", "json"},
	} {
		var said strings.Builder
		if args[0] != "version" {
			args = append(args, "-d", dir)
		}
		code := run(t.Context(), args, strings.NewReader(""), broken{}, &said)
		assert.Equal(t, exitIncomplete, code, args)
		assert.Contains(t, said.String(), "clew-audit: the disk is full\n", args)
	}
}
