package adapters_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	gin.SetMode(gin.ReleaseMode) // otherwise gin prints its routes
	goleak.VerifyTestMain(m,
		goleak.IgnoreCurrent(), // the package ants starts a default pool in its init
		// From its first request on, fasthttp keeps a goroutine for the time in the Date header.
		goleak.IgnoreAnyFunction("github.com/valyala/fasthttp.updateServerDate.func1"))
}

const (
	requests = 100
	times    = 100 // number of tasks, runs or messages for each request
	total    = requests * times
)

const (
	id64   = testkit.ID64
	idWide = testkit.IDWide
	spanID = testkit.SpanID
)

// request is one of many requests that run at the same time, each in its own trace.
type request struct {
	id   string
	ctx  context.Context
	bare context.Context // the parent of ctx, without the trace
	end  context.CancelFunc
}

func incoming(n int) request {
	id := testkit.NumberedID(n)
	b := testkit.B3(id + "-" + spanID + "-1")
	bare, end := context.WithCancel(context.Background())
	ctx, span := trace.Start(trace.NewContext(bare, b), "request")
	span.End()
	return request{id, ctx, bare, end}
}

func manyRequests() []request {
	all := make([]request, requests)
	for n := range all {
		all[n] = incoming(n)
	}
	return all
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

// tally counts what tasks find in their contexts.
type tally struct{ ran, wrong, missing atomic.Int64 }

func (c *tally) look(ctx context.Context, want string) {
	c.ran.Add(1)
	switch trace.ID(ctx) {
	case want:
	case "":
		c.missing.Add(1)
	default:
		c.wrong.Add(1)
	}
}

type counts struct{ Ran, Wrong, Missing int64 }

func (c *tally) counts() counts { return counts{c.ran.Load(), c.wrong.Load(), c.missing.Load()} }

// The tests and Examples of this package contain each code line of the package comment.
func TestDocShowsWhatIsTested(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	require.NoError(t, err)
	names, err := filepath.Glob("*_test.go")
	require.NoError(t, err)
	var tests strings.Builder
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		tests.Write(text)
	}
	shown := 0
	for line := range strings.Lines(string(doc)) {
		row, ok := strings.CutPrefix(line, "//\t")
		if !ok {
			continue
		}
		_, code, ok := strings.Cut(row, "  ")
		require.True(t, ok, "a row of doc.go without two columns: %q", row)
		shown++
		assert.True(t, strings.Contains(tests.String(), strings.TrimSpace(code)), "no test contains this line of doc.go: %q", row)
	}
	assert.Greater(t, shown, 15, "number of rows in doc.go")
}
