package zapctx_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"maps"
	"sync"
	"testing"

	"example.com/clew/trace"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"go.uber.org/zap/zapcore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	id64    = "463ac35c9f6413ad"
	id128   = "5759e988bd862e3fe1be46a994272793"
	spanID  = "a2fb4a1d1a96d312"
	message = "hello"
)

// The function in returns a context with the trace of a b3 header.
func in(single string) context.Context {
	b, err := trace.Parse(single)
	if err != nil {
		panic(err)
	}
	return trace.NewContext(context.Background(), b)
}

func request() context.Context { return in(id128 + "-" + spanID + "-1") }

// output is the destination of a core. Several goroutines may write to it at once.
type output struct {
	mu    sync.Mutex
	bytes bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes.Write(p)
}

func (*output) Sync() error { return nil }

func (o *output) text() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.bytes.String()
}

type fields = map[string]any

// lines returns the lines in o, and empties o.
func (o *output) lines(t *testing.T) (lines []fields) {
	t.Helper()
	o.mu.Lock()
	defer o.mu.Unlock()
	for dec := json.NewDecoder(&o.bytes); ; {
		var line fields
		err := dec.Decode(&line)
		if err == io.EOF {
			o.bytes.Reset()
			return lines
		}
		require.NoError(t, err)
		lines = append(lines, line)
	}
}

func (o *output) one(t *testing.T) fields {
	t.Helper()
	lines := o.lines(t)
	require.Len(t, lines, 1, "log lines")
	return lines[0]
}

// plain is a core without time and level, so that lines can be compared whole.
func plain(to zapcore.WriteSyncer, level zapcore.LevelEnabler) zapcore.Core {
	return zapcore.NewCore(zapcore.NewJSONEncoder(zapcore.EncoderConfig{MessageKey: "msg", NameKey: "logger"}), to, level)
}

func merge(all ...fields) fields {
	merged := fields{}
	for _, f := range all {
		maps.Copy(merged, f)
	}
	return merged
}

var ids = fields{"trace_id": id128, "span_id": spanID}
