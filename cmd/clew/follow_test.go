package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// output is a buffer that is safe for concurrent use.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

func appendTo(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o644)
	require.NoError(t, err)
	_, err = f.WriteString(text)
	require.NoError(t, err)
	require.NoError(t, f.Close())
}

// follow runs clew with --follow in a synctest bubble, and calls steps at the same time. It gives
// steps a function, shown, which waits for a while and then returns the messages that clew has
// shown so far.
func follow(t *testing.T, steps func(t *testing.T, shown func() []string), args ...string) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(context.Background())
		var out, err output
		code := make(chan int, 1)
		defer stop()
		go func() {
			code <- run(ctx, append([]string{"timeline", id, "--follow"}, args...), strings.NewReader(""), &out, &err)
		}()
		steps(t, func() []string {
			time.Sleep(3 * followEvery) // in the fake time of synctest
			synctest.Wait()
			require.Empty(t, err.String())
			return messages(out.String())
		})
		stop()
		assert.Equal(t, exitFound, <-code, err.String())
		assert.Empty(t, withoutCounts(err.String()))
	})
}

func TestFollow(t *testing.T) {
	line := func(message string) string { return logLine(1, id, message) }
	tests := []struct {
		name  string
		steps func(t *testing.T, shown func() []string)
	}{
		{"the file grows", func(t *testing.T, shown func() []string) {
			appendTo(t, "app.log", line("two")+logLine(1, other, "x"))
			assert.Equal(t, []string{"one", "two"}, shown())
			appendTo(t, "app.log", line("three")[:50])
			assert.Equal(t, []string{"one", "two"}, shown(), "half a line is not shown")
			appendTo(t, "app.log", line("three")[50:])
			assert.Equal(t, []string{"one", "two", "three"}, shown())
		}},
		{"the file is rotated", func(t *testing.T, shown func() []string) {
			require.NoError(t, os.Rename("app.log", "app.log.1"))
			assert.Equal(t, []string{"one"}, shown(), "the file is missing for a while")
			write(t, "app.log", line("three"))
			time.Sleep(followEvery + followEvery/2) // until clew has seen the new file
			synctest.Wait()
			appendTo(t, "app.log.1", line("two")) // the writer has not noticed the rotation yet
			assert.Equal(t, []string{"one", "two", "three"}, shown())
			appendTo(t, "app.log", line("four"))
			assert.Equal(t, []string{"one", "two", "three", "four"}, shown())
		}},
		{"the file is rotated in the middle of a line", func(t *testing.T, shown func() []string) {
			appendTo(t, "app.log", "half a line")
			shown()
			require.NoError(t, os.Rename("app.log", "app.log.1"))
			write(t, "app.log", line("two"))
			assert.Equal(t, []string{"one", "two"}, shown())
		}},
		{"the file is truncated", func(t *testing.T, shown func() []string) {
			appendTo(t, "app.log", line("two"))
			assert.Equal(t, []string{"one", "two"}, shown())
			require.NoError(t, os.Truncate("app.log", 0))
			assert.Equal(t, []string{"one", "two"}, shown())
			appendTo(t, "app.log", line("three"))
			assert.Equal(t, []string{"one", "two", "three"}, shown())
		}},
		{"the file is replaced by a shorter text", func(t *testing.T, shown func() []string) {
			appendTo(t, "app.log", line("two")+"half a line")
			assert.Equal(t, []string{"one", "two"}, shown())
			write(t, "app.log", line("three"))
			assert.Equal(t, []string{"one", "two", "three"}, shown())
		}},
		{"the file is removed, and no other takes its path", func(t *testing.T, shown func() []string) {
			require.NoError(t, os.Remove("app.log"))
			assert.Equal(t, []string{"one"}, shown())
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			write(t, "app.log", line("one"))
			follow(t, func(t *testing.T, shown func() []string) {
				require.Equal(t, []string{"one"}, shown())
				test.steps(t, shown)
			}, "app.log")
		})
	}
}

// With -o json, each line of the trace becomes a JSON object on its own line, and is shown at
// once.
func TestFollowJSON(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "app.log", logLine(1, id, "one"))
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancel(context.Background())
		var out, said output
		code := make(chan int, 1)
		go func() {
			code <- run(ctx, []string{"timeline", id, "app.log", "-f", "-o", "json"}, strings.NewReader(""), &out, &said)
		}()
		for i, message := range []string{"one", "two"} {
			if i > 0 {
				appendTo(t, "app.log", logLine(2, id, message))
			}
			time.Sleep(3 * followEvery)
			synctest.Wait()
			lines := strings.SplitAfter(out.String(), "\n")
			require.Len(t, lines, i+2)
			var line struct{ Message, Service, Time, Source string }
			require.NoError(t, json.Unmarshal([]byte(lines[i]), &line))
			assert.Equal(t, message, line.Message)
			assert.Equal(t, "shop", line.Service)
			assert.Equal(t, "app.log", line.Source)
		}
		before := out.String()
		stop()
		assert.Equal(t, exitFound, <-code)
		assert.Equal(t, before, out.String(), "nothing more is written at the end")
		assert.Empty(t, said.String())
	})
}

// All files are followed, even if there are more files than processors. Compressed files are read
// once.
func TestFollowMany(t *testing.T) {
	t.Chdir(t.TempDir())
	want := []string{"old"}
	write(t, "a.log.1.gz", gzipped(t, logLine(1, id, "old")))
	for _, name := range strings.Split("abcdefgh", "") {
		write(t, name+".log", "")
	}
	follow(t, func(t *testing.T, shown func() []string) {
		require.Equal(t, want, shown())
		for _, name := range strings.Split("hgfedcba", "") {
			appendTo(t, name+".log", logLine(1, id, name))
			want = append(want, name)
			require.Equal(t, want, shown())
		}
	}, ".")
}

// An empty file can be followed. The exit code says that nothing was found in the file.
func TestFollowNothing(t *testing.T) {
	t.Chdir(t.TempDir())
	write(t, "app.log", "")
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(context.Background(), time.Minute)
		defer stop()
		var out, err bytes.Buffer
		assert.Equal(t, exitNothing, run(ctx, []string{"timeline", id, "app.log", "-f"}, strings.NewReader(""), &out, &err))
	})
}
