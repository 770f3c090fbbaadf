package logctx_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"testing"

	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(fatalEnv) != "" {
		fatal() // this is the child of TestFatal
		os.Exit(0)
	}
	if run := children[os.Getenv(childEnv)]; run != nil {
		run() // this is a child of TestSlogDefault
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

const (
	id64    = "463ac35c9f6413ad"
	id128   = "5759e988bd862e3fe1be46a994272793"
	idWide  = "0000000000000000e1be46a994272793" // came as 32 digits
	spanID  = "a2fb4a1d1a96d312"
	low64   = "16266516598257821587" // of id128 and idWide, in decimal
	span64  = "11744061942159299346" // spanID in decimal
	message = "hello"
)

// in returns a context in the trace that a b3 header says.
func in(single string) context.Context {
	return trace.NewContext(context.Background(), must(single))
}

func request() context.Context { return in(id128 + "-" + spanID + "-1") }

// fields is a log line, parsed.
type fields = map[string]any

// parse returns the lines that have been written to out, and empties it.
func parse(t *testing.T, out *bytes.Buffer) (lines []fields) {
	t.Helper()
	text := out.String()
	dec := json.NewDecoder(out)
	dec.UseNumber()
	for {
		var line fields
		err := dec.Decode(&line)
		if errors.Is(err, io.EOF) {
			out.Reset()
			return lines
		}
		require.NoError(t, err, "log output %q", text)
		lines = append(lines, line)
	}
}

// one returns the only line that has been written to out.
func one(t *testing.T, out *bytes.Buffer) fields {
	t.Helper()
	lines := parse(t, out)
	require.Len(t, lines, 1, "log lines")
	return lines[0]
}

// hooked returns a logger without a timestamp, to which lines can be compared whole.
func hooked(w io.Writer) zerolog.Logger {
	return zerolog.New(w).Hook(logctx.Hook(logctx.Config{}))
}

// nilContext is what must do no harm.
var nilContext context.Context

// must is trace.Parse for values that are well-formed.
func must(single string) trace.B3 {
	b, err := trace.Parse(single)
	if err != nil {
		panic(err)
	}
	return b
}
