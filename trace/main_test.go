package trace_test

import (
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"

	"example.com/clew/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("runtime.handleEvent")) // the runtime's own, with js/wasm
}

// IDs of every width. Of the two with low halves 1fb4… and e1be…, a ratio of one half
// samples the first and not the second.
const (
	id64     = "163ac35c9f6413ad"
	id64High = "e63ac35c9f6413ad"
	id128    = "5759e988bd862e3fe1be46a994272793"
	id128Low = "5759e988bd862e3f1fb446a994272793"
	idWide   = "0000000000000000e1be46a994272793"
	spanID   = "a2fb4a1d1a96d312"
	parentID = "0020000000000001"
)

// canary stands in every malformed value. It is of hexadecimal digits, so that it also fits
// into IDs, and must not be seen again in any error, context or outgoing header.
const canary = "cacacaca"

// said is a B3 in plain text: what a table wants.
type said struct {
	trace, span, parent string
	state               trace.Sampling
}

func saidBy(b trace.B3) said {
	s := said{trace: b.ID(), state: b.Sampling}
	if b.SpanID.IsValid() {
		s.span = b.SpanID.String()
	}
	if b.ParentSpanID.IsValid() {
		s.parent = b.ParentSpanID.String()
	}
	return s
}

// header builds a header from names and values; a repeated name is added.
func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// must is trace.Parse for values that are well-formed.
func must(single string) trace.B3 {
	b, err := trace.Parse(single)
	if err != nil {
		panic(err)
	}
	return b
}

func traceIDFrom(t testing.TB, text string) oteltrace.TraceID {
	t.Helper()
	return must(text + "-" + spanID).TraceID
}

const childEnv = "TRACE_TEST_CHILD"

// inChild reports whether this process was started for the calling test alone; if not, it
// starts that process and passes its verdict on. OpenTelemetry's globals forget nothing, so
// a test that sets them needs a process of its own.
func inChild(t *testing.T) bool {
	t.Helper()
	if os.Getenv(childEnv) == t.Name() {
		return true
	}
	pattern := "^" + strings.ReplaceAll(t.Name(), "/", "$/^") + "$"
	cmd := exec.Command(os.Args[0], "-test.run="+pattern, "-test.v", "-test.count=1")
	// The race detector waits a second at each exit, unless it is told not to.
	cmd.Env = append(os.Environ(), childEnv+"="+t.Name(), "GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	out, err := cmd.CombinedOutput()
	// Without the second condition a pattern that matches no test would pass.
	if err != nil || !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Errorf("%s in a process of its own: %v\n%s", t.Name(), err, out)
	}
	return false
}
