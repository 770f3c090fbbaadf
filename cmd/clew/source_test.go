package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func zstandard(t *testing.T, text string, options ...zstd.EOption) string {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, options...)
	require.NoError(t, err)
	_, err = io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.String()
}

func TestCompressed(t *testing.T) {
	one, two := logLine(1, id, "one"), logLine(2, id, "two")
	both := []string{"one", "two"}
	random := strings.Repeat(logLine(3, other, "x"), 1000)
	truncated := gzipped(t, one+two+random)
	tests := []struct {
		name, text string
		want       []string
		code       int
		err        string
	}{
		{"plain text", one + two, both, 0, ""},
		{"gzip", gzipped(t, one+two), both, 0, ""},
		{"gzip after gzip", gzipped(t, one) + gzipped(t, two), both, 0, ""},
		{"a line in two gzip streams", gzipped(t, one[:20]) + gzipped(t, one[20:]+two), both, 0, ""},
		{"zstd", zstandard(t, one+two), both, 0, ""},
		{"zstd after zstd", zstandard(t, one) + zstandard(t, two), both, 0, ""},
		{"zstd after a frame to skip", "\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + zstandard(t, one+two), both, 0, ""},
		{"truncated gzip", truncated[:len(truncated)-9], both, 3, "clew: app.log: unexpected EOF\n"},
		{"garbage behind gzip", gzipped(t, one+two) + "garbage garbage", both, 3, "clew: app.log: gzip: invalid header\n"},
		{"truncated zstd", zstandard(t, one+two)[:30], nil, 3, "clew: app.log: unexpected EOF\n"},
		{"a damaged gzip header", "\x1f\x8b\xff\xff\xff\xff", nil, 3, "clew: app.log: "},
		{"a window of 128 MB", zstandard(t, one+two, zstd.WithWindowSize(maxWindow)), both, 0, ""},
		{"a window of 256 MB", "\x28\xb5\x2f\xfd\x00\x90\x01\x00\x00", nil, 3, "clew: app.log: window size exceeded\n"},
		{"xz", "\xfd7zXZ\x00", nil, 3, "clew: app.log: this is xz, which clew does not read: xzcat FILE | clew timeline …\n"},
		{"one byte", "x", nil, 1, ""},
		{"an empty file", "", nil, 1, ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, "app.log", test.text)
			got := clew(t, "", "timeline", id, "app.log")
			assert.Equal(t, test.want, messages(got.out))
			assert.Equal(t, test.code, got.code)
			assert.True(t, strings.HasPrefix(got.err, test.err), got.err)
			assert.Equal(t, test.err == "", got.err == "")
			if test.code != 3 {
				assert.Equal(t, test.want, messages(clew(t, test.text, "timeline", id).out), "from a pipe")
			}
		})
	}
}

// A small file that unpacks to many bytes is read, but its content is not kept in memory.
func TestBombs(t *testing.T) {
	t.Chdir(t.TempDir())
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	zeros := make([]byte, 1<<20)
	for range 64 { // MB, twice what may be allocated
		_, err := w.Write(zeros)
		require.NoError(t, err)
	}
	_, err := io.WriteString(w, "\n"+logLine(1, id, "one"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	write(t, "app.log", b.String())
	require.Less(t, b.Len(), 1<<20)
	b = bytes.Buffer{}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got := clew(t, "", "timeline", id, "app.log")
	runtime.ReadMemStats(&after)
	assert.Equal(t, []string{"one"}, messages(got.out))
	assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(32<<20))
}

func TestFolder(t *testing.T) {
	t.Chdir(t.TempDir())
	line := func(message string) string { return logLine(1, id, message) }
	write(t, "logs/shop/app.log", line("app"))
	write(t, "logs/shop/app.log.1", line("app.1"))
	write(t, "logs/shop/app.log.2.gz", gzipped(t, line("app.2")))
	write(t, "logs/syslog", line("syslog"))
	write(t, "logs/a.json", line("json"))
	write(t, "logs/empty.log", "")
	write(t, "logs/binary.log", "\x00\n"+line("binary"))
	write(t, "logs/hole.log", strings.Repeat("\x00", 4096)+line("hole"))
	write(t, "logs/picture.png", line("png"))
	write(t, "logs/.hidden.log", line("hidden"))
	write(t, "logs/.git/app.log", line("git"))
	require.NoError(t, os.Symlink("../target", "logs/link.log"))
	require.NoError(t, os.Symlink("shop/app.log", "logs/again.log"))
	require.NoError(t, os.Symlink("..", "logs/loop"))
	write(t, "target", line("linked"))
	require.NoError(t, syscall.Mkfifo("logs/fifo.log", 0o600))

	got := clew(t, "", "timeline", id, "logs", "-v")
	assert.Equal(t, 0, got.code, got.err)
	// All lines have the same time, so the order is not compared.
	assert.ElementsMatch(t, []string{"json", "app.2", "app.1", "app", "linked", "syslog", "hole"}, messages(got.out))
	assert.Contains(t, got.counts, "4096 bytes dropped, 1 file left out, because it is no text")
	assert.Contains(t, got.err, "clew: logs/picture.png left out: its name is not that of a log\n")
	assert.Contains(t, got.err, "clew: logs/fifo.log left out: it is no regular file\n")

	t.Run("by a link", func(t *testing.T) {
		require.NoError(t, os.Symlink("logs/shop", "current"))
		assert.ElementsMatch(t, []string{"app.2", "app.1", "app"}, messages(clew(t, "", "timeline", id, "current").out))
	})
	t.Run("by several names", func(t *testing.T) {
		got := clew(t, "", "timeline", id, "logs/shop/app.log", "./logs/shop/app.log", "logs/shop/*", "logs/shop/")
		assert.ElementsMatch(t, []string{"app.2", "app.1", "app"}, messages(got.out))
	})
	t.Run("named files are read whatever they are called", func(t *testing.T) {
		got := clew(t, "", "timeline", id, "logs/picture.png", "logs/.hidden.log")
		assert.ElementsMatch(t, []string{"png", "hidden"}, messages(got.out))
	})
	t.Run("a link to a file that was removed", func(t *testing.T) {
		require.NoError(t, os.Remove("target"))
		got := clew(t, "", "timeline", id, "logs")
		assert.Equal(t, exitIncomplete, got.code)
		assert.Equal(t, "clew: stat logs/link.log: no such file or directory\n", got.err)
		assert.Len(t, messages(got.out), 6, "number of messages: the other files are still read")
	})
}

// If clew waits for the writer of a named pipe, it ends when a writer has opened and closed the
// pipe. It also ends after Ctrl-C.
func TestPipeWithoutWriter(t *testing.T) {
	t.Chdir(t.TempDir())
	require.NoError(t, syscall.Mkfifo("pipe.log", 0o600))
	write(t, "app.log", logLine(1, id, "one"))
	ctx, stop := context.WithCancel(context.Background())
	var out, said bytes.Buffer
	code := make(chan int)
	go func() {
		code <- run(ctx, []string{"timeline", id, "app.log", "pipe.log"}, strings.NewReader(""), &out, &said)
	}()
	var writer *os.File
	for writer == nil { // until clew waits for a writer
		writer, _ = os.OpenFile("pipe.log", os.O_WRONLY|syscall.O_NONBLOCK, 0)
	}
	require.NoError(t, writer.Close())
	assert.Equal(t, exitFound, <-code, said.String())

	go func() {
		code <- run(ctx, []string{"timeline", id, "app.log", "pipe.log"}, strings.NewReader(""), &out, &said)
	}()
	stop()
	assert.Contains(t, []int{exitInterrupted, exitFound}, <-code)
	// The goroutine that waits for a writer gets one now, or finds that the pipe is gone.
	reader, err := os.OpenFile("pipe.log", os.O_RDONLY|syscall.O_NONBLOCK, 0)
	require.NoError(t, err)
	writer, err = os.OpenFile("pipe.log", os.O_WRONLY|syscall.O_NONBLOCK, 0)
	require.NoError(t, err)
	require.NoError(t, os.Remove("pipe.log"))
	require.NoError(t, writer.Close())
	require.NoError(t, reader.Close())
}

// clew leaves a compressed file out if the same file is also there uncompressed.
func TestTwins(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "app.log.1", logLine(1, id, "one"))
	write(t, "app.log.1.gz", gzipped(t, logLine(1, id, "one"))[:20])
	got := clew(t, "", "timeline", id, ".", "-v")
	assert.Equal(t, []string{"one"}, messages(got.out))
	assert.Equal(t, exitFound, got.code)
	assert.Contains(t, got.err, "app.log.1.gz left out: it is read uncompressed")
}

// clew reports a file that was removed between listing and reading.
func TestVanished(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "app.log", "")
	files, problems := expand([]string{"app.log"})
	require.Empty(t, problems)
	require.NoError(t, os.Remove("app.log"))
	e := newEngine(query{}, view{}, nil)
	got := readAll(context.Background(), streams{err: io.Discard}, e.part, files.sources, false)
	require.Len(t, got, 1)
	assert.EqualError(t, got[0], "open app.log: no such file or directory")
}

// An untilDone reader ends when its context ends.
func TestUntilDone(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	r := untilDone{ctx, strings.NewReader("ab")}
	b := make([]byte, 1)
	n, err := r.Read(b)
	assert.Equal(t, 1, n)
	assert.NoError(t, err)
	stop()
	n, err = r.Read(b)
	assert.Zero(t, n)
	assert.Equal(t, io.EOF, err)
}

// Files are read at the same time, but their lines are shown in the order of the files.
func TestParallel(t *testing.T) {
	t.Chdir(t.TempDir())
	rest := strings.Repeat(logLine(1, other, "x"), 2000)
	var want []string
	for _, name := range strings.Split("abcdefghijklmnopqrst", "") {
		write(t, filepath.Join("logs", name+".log"), logLine(1, id, name)+rest[:len(rest)*len(want)/20]+"\n")
		want = append(want, name)
	}
	for range 20 {
		require.Equal(t, want, messages(clew(t, "", "timeline", id, "logs").out))
	}
}
