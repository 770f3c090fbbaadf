package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"example.com/clew/internal/timeline/fleetlog"
)

// clew shows the same trace, and the same list, from plain, gzipped and zstd-compressed logs.
func TestFleetCompressed(t *testing.T) {
	t.Chdir(t.TempDir())
	f := fleetlog.New(5)
	var logs [fleetlog.Services]strings.Builder
	for range 6_000 {
		s, _, line := f.Next()
		logs[s].Write(line)
	}
	for s := range fleetlog.Services {
		text := logs[s].String()
		name := fleetlog.Names[s] + ".log"
		write(t, "plain/"+name, text)
		write(t, "gzip/"+name, gzipped(t, text[:len(text)/2])+gzipped(t, text[len(text)/2:]))
		write(t, "zstd/"+name, zstandard(t, text))
	}
	for _, args := range [][]string{{f.TraceID(f.Begun() / 2)}, {f.TraceID(f.Begun() / 2)[16:]}, {"--limit=0"}} {
		var want string
		for _, folder := range []string{"plain", "gzip", "zstd"} {
			r := clew(t, "", append(append([]string{"timeline"}, args...), folder, "-o", "json")...)
			require.Equal(t, exitFound, r.code, r.err)
			got := strings.ReplaceAll(r.out, folder+"/", "")
			if want == "" {
				want = got
			}
			if want != got { // too long to be printed
				t.Fatalf("%v: the answer from the folder %s differs", args, folder)
			}
		}
	}
	r := clew(t, "", "timeline", f.TraceID(f.Begun()/2), "zstd", "-v")
	assert.Contains(t, r.out, "16 lines")
}

// Streams whose windows are too large to be read at the same time are read one after another.
func TestLargeWindows(t *testing.T) {
	t.Chdir(t.TempDir())
	for i := range 6 {
		text := logLine(i, id, fmt.Sprint("line", i))
		switch {
		case i%2 == 0:
			text = zstandard(t, text+strings.Repeat(logLine(i, other, "x"), 10_000), zstd.WithWindowSize(maxWindow))
		case i == 1:
			text = "\x50\x2a\x4d\x18\x03\x00\x00\x00abc" + zstandard(t, text)
		default:
			text = zstandard(t, text)
		}
		write(t, fmt.Sprint("logs/", i, ".log"), text)
	}
	for range 2 { // the first run must give back the right to read large windows
		r := clew(t, "", "timeline", id, "logs")
		assert.Equal(t, exitFound, r.code, r.err)
		assert.Empty(t, r.err)
		assert.Equal(t, []string{"line0", "line1", "line2", "line3", "line4", "line5"}, messages(r.out))
	}
}
