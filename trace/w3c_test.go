package trace_test

import (
	"context"
	"fmt"
	"net/http"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/internal/torture"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/propagation"
	oteltrace "go.opentelemetry.io/otel/trace"
)

const w3cSpan = "1111111111111111"

// readW3C returns the B3 and the tracestate that a Propagator with W3C reads from h.
func readW3C(h http.Header) (trace.B3, string) {
	ctx := trace.Propagator{W3C: true}.Extract(context.Background(), propagation.HeaderCarrier(h))
	b, _ := trace.FromContext(ctx)
	return b, oteltrace.SpanContextFromContext(ctx).TraceState().String()
}

// traceparents are the cases of W3C Trace Context, level 1, section 3.2. A row whose state is ""
// is malformed.
var traceparents = []struct{ name, in, state string }{
	{"sampled", "00-" + id128 + "-" + w3cSpan + "-01", "accept"},
	{"not sampled", "00-" + id128 + "-" + w3cSpan + "-00", "deny"},
	{"flags that are not defined yet", "00-" + id128 + "-" + w3cSpan + "-ff", "accept"},
	{"flags that are not defined yet, not sampled", "00-" + id128 + "-" + w3cSpan + "-08", "deny"},
	{"white space around the value", " \t00-" + id128 + "-" + w3cSpan + "-01\t ", "accept"},
	{"a later version", "cc-" + id128 + "-" + w3cSpan + "-01", "accept"},
	{"a later version, longer", "cc-" + id128 + "-" + w3cSpan + "-01-what-the-future-will-be-like", "accept"},
	{"a later version, trailing dash", "cc-" + id128 + "-" + w3cSpan + "-01-", "accept"},
	{"a later version, no dash before more", "cc-" + id128 + "-" + w3cSpan + "-01.what", ""},
	{"version ff", "ff-" + id128 + "-" + w3cSpan + "-01", ""},
	{"version 00, longer", "00-" + id128 + "-" + w3cSpan + "-01-what", ""},
	{"version 00, trailing dash", "00-" + id128 + "-" + w3cSpan + "-01-", ""},
	{"version of one digit", "0-" + id128 + "-" + w3cSpan + "-011", ""},
	{"version of other characters", ".0-" + id128 + "-" + w3cSpan + "-01", ""},
	{"upper-case version", "CC-" + id128 + "-" + w3cSpan + "-01", ""},
	{"upper-case trace ID", "00-" + strings.ToUpper(id128) + "-" + w3cSpan + "-01", ""},
	{"upper-case span ID", "00-" + id128 + "-111111111111111A-01", ""},
	{"upper-case flags", "00-" + id128 + "-" + w3cSpan + "-0B", ""},
	{"zero trace ID", "00-" + zeros + zeros + "-" + w3cSpan + "-01", ""},
	{"zero span ID", "00-" + id128 + "-" + zeros + "-01", ""},
	{"trace ID of 31 digits", "00-" + id128[1:] + "-" + w3cSpan + "-010", ""},
	{"trace ID with a letter", "00-" + id128[1:] + "g-" + w3cSpan + "-01", ""},
	{"span ID with a letter", "00-" + id128 + "-111111111111111g-01", ""},
	{"flags with a letter", "00-" + id128 + "-" + w3cSpan + "-0g", ""},
	{"one flag digit", "00-" + id128 + "-" + w3cSpan + "-1", ""},
	{"wrong separator after the version", "00_" + id128 + "-" + w3cSpan + "-01", ""},
	{"wrong separator after the trace ID", "00-" + id128 + "_" + w3cSpan + "-01", ""},
	{"wrong separator after the span ID", "00-" + id128 + "-" + w3cSpan + "_01", ""},
	{"two values, joined by a proxy", "00-" + id128 + "-" + w3cSpan + "-01, 00-" + id128 + "-" + w3cSpan + "-01", ""},
	{"empty", "", ""},
}

func TestTraceparent(t *testing.T) {
	for _, tt := range traceparents {
		t.Run(tt.name, func(t *testing.T) {
			want, wantTracestate := said{}, ""
			if tt.state != "" {
				want, wantTracestate = said{id128, w3cSpan, "", trace.Accept}, "a=1"
				if tt.state == "deny" {
					want.State = trace.Deny
				}
			}
			b, state := readW3C(testkit.Header("traceparent", tt.in, "tracestate", "a=1"))
			assert.Equal(t, want, testkit.SaidBy(b), "Extract of traceparent %q", tt.in)
			assert.Equal(t, wantTracestate, state, "tracestate beside traceparent %q: without a valid traceparent it is not read", tt.in)

			for _, key := range []string{"traceparent", "Traceparent", "TRACEPARENT"} {
				ctx := trace.Propagator{W3C: true}.Extract(context.Background(), propagation.MapCarrier{key: tt.in, "traceState": "a=1"})
				b, _ := trace.FromContext(ctx)
				assert.Equal(t, wantTracestate, oteltrace.SpanContextFromContext(ctx).TraceState().String(), "tracestate beside %s %q in a map", key, tt.in)
				assert.Equal(t, want, testkit.SaidBy(b), "Extract of %s %q from a map", key, tt.in)
			}
		})
	}
	t.Run("two headers", func(t *testing.T) {
		for _, first := range []string{traceparents[0].in, "", "x"} {
			b, _ := readW3C(http.Header{"Traceparent": {first, traceparents[0].in}})
			assert.Equal(t, said{}, testkit.SaidBy(b), "Extract of two traceparents, the first %q", first)
		}
	})
}

func TestTracestate(t *testing.T) {
	long := "long=" + strings.Repeat("x", 200)
	numbered := func(n, size int) (members []string) {
		for i := range n {
			members = append(members, fmt.Sprintf("k%02d=%s", i, strings.Repeat("v", size)))
		}
		return members
	}
	join := func(members []string) string { return strings.Join(members, ",") }
	for _, tt := range []struct {
		name string
		in   []string
		want string
	}{
		{"one member", []string{"a=1"}, "a=1"},
		{"order is kept", []string{"b=2,a=1"}, "b=2,a=1"},
		{"several headers are one list", []string{"a=1", "b=2", "c=3"}, "a=1,b=2,c=3"},
		{"white space", []string{" a=1 ,\tb=2\t"}, "a=1,b=2"},
		{"empty members", []string{"a=1, ,b=2,", "", ",\t"}, "a=1,b=2"},
		{"a key twice: the first counts", []string{"a=1,b=2,a=3", "b=4"}, "a=1,b=2"},
		{"a key with a tenant", []string{"fw529a3039@dt=x"}, "fw529a3039@dt=x"},
		{"32 members", []string{join(numbered(32, 8))}, join(numbered(32, 8))},
		{"33 members", []string{join(numbered(33, 8))}, ""},
		{"33 members in several headers", []string{join(numbered(32, 8)), "z=1"}, ""},
		{"64 elements", []string{"a=1" + strings.Repeat(",", 63)}, "a=1"},
		{"65 elements", []string{"a=1" + strings.Repeat(",", 64)}, ""},
		{"512 characters", []string{join(numbered(3, 124)) + ",k03=" + strings.Repeat("v", 121)}, join(numbered(3, 124)) + ",k03=" + strings.Repeat("v", 121)},
		{"513 characters, the last member is dropped", []string{join(numbered(3, 124)) + ",k03=" + strings.Repeat("v", 122)}, join(numbered(3, 124))},
		{"too many characters, long members are dropped first", []string{"a=1," + long + ",b=2," + strings.Replace(long, "long", "lon2", 1) + ",c=" + strings.Repeat("x", 110)}, "a=1,b=2,c=" + strings.Repeat("x", 110)},
		{"a long member stays if the total is short enough", []string{"a=1," + long}, "a=1," + long},
		{"a single member that is too long", []string{strings.Repeat("x", 1<<20)}, ""},
		{"no value", []string{"a=1,b"}, ""},
		{"no key", []string{"=1"}, ""},
		{"upper-case key", []string{"A=1"}, ""},
		{"control characters", []string{"a=1\x1b[2J"}, ""},
		{"no header", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{"Traceparent": {traceparents[0].in}, "Tracestate": tt.in}
			b, got := readW3C(h)
			assert.Equal(t, said{id128, w3cSpan, "", trace.Accept}, testkit.SaidBy(b), "Extract must keep the trace, whatever the tracestate")
			assert.Equal(t, tt.want, got, "tracestate of %.200q", tt.in)
		})
	}
}

// grpcMetadata is a carrier that may have several values for a key, and that is no http.Header.
type grpcMetadata struct {
	propagation.MapCarrier
	values map[string][]string
}

func (m grpcMetadata) Values(key string) []string { return m.values[key] }

func TestW3CFromCarriersWithSeveralValues(t *testing.T) {
	p := trace.Propagator{W3C: true}
	for name, carrier := range map[string]propagation.TextMapCarrier{
		"values": grpcMetadata{propagation.MapCarrier{}, map[string][]string{"traceparent": {traceparents[0].in}, "tracestate": {"a=1", "b=2"}}},
		"single": grpcMetadata{propagation.MapCarrier{"Traceparent": traceparents[0].in, "tracestate": "a=1,b=2"}, nil},
	} {
		ctx := p.Extract(context.Background(), carrier)
		assert.Equal(t, id128, trace.ID(ctx), "trace ID from a carrier with %s", name)
		assert.Equal(t, "a=1,b=2", oteltrace.SpanContextFromContext(ctx).TraceState().String(), "tracestate from a carrier with %s", name)
	}
	twice := grpcMetadata{propagation.MapCarrier{"traceparent": traceparents[0].in}, map[string][]string{"traceparent": {traceparents[0].in, "x"}}}
	assert.Empty(t, trace.ID(p.Extract(context.Background(), twice)), "trace ID of two traceparents")
}

// The kept part of a huge tracestate does not keep the rest in memory.
func TestTracestateIsACopy(t *testing.T) {
	const messages, size = 20, 1 << 20
	before := torture.Heap()
	kept := make([]context.Context, messages)
	for i := range kept {
		h := http.Header{"Traceparent": {traceparents[0].in}, "Tracestate": {"a=1,b=" + strings.Repeat("x", size)}}
		kept[i] = trace.Propagator{W3C: true}.Extract(context.Background(), propagation.HeaderCarrier(h))
		require.Equal(t, "a=1", oteltrace.SpanContextFromContext(kept[i]).TraceState().String(), "tracestate")
	}
	assert.Less(t, torture.Heap()-before, size, "bytes kept of %d messages of 1 MiB", messages)
	runtime.KeepAlive(kept)
}

// Another library's span may have a tracestate of any length. The function Only keeps at most 512
// characters of it.
func TestOnlyCutsTracestate(t *testing.T) {
	state := oteltrace.TraceState{}
	for i := range 20 {
		var err error
		state, err = state.Insert(fmt.Sprintf("k%02d", i), strings.Repeat("v", 200))
		require.NoError(t, err)
	}
	foreign := oteltrace.NewSpanContext(oteltrace.SpanContextConfig{TraceID: testkit.B3(id128 + "-" + spanID).TraceID, SpanID: testkit.B3(id128 + "-" + spanID).SpanID, TraceState: state})
	ctx := oteltrace.ContextWithRemoteSpanContext(context.Background(), foreign)
	assert.Empty(t, oteltrace.SpanContextFromContext(trace.Only(ctx)).TraceState().String(), "tracestate under Only: want none, because each member is too long")
	short, err := oteltrace.ParseTraceState("a=1,b=2")
	require.NoError(t, err)
	ctx = oteltrace.ContextWithRemoteSpanContext(context.Background(), foreign.WithTraceState(short))
	assert.Equal(t, "a=1,b=2", oteltrace.SpanContextFromContext(trace.Only(ctx)).TraceState().String(), "a short tracestate under Only")
	ctx, span := trace.Start(oteltrace.ContextWithRemoteSpanContext(context.Background(), foreign), "ours")
	assert.Equal(t, 20, span.SpanContext().TraceState().Len(), "members of tracestate in our span")
	assert.Empty(t, oteltrace.SpanContextFromContext(trace.Only(ctx)).TraceState().String(), "tracestate of our span under Only")
}

var wellFormedTraceparent = regexp.MustCompile(`^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$`)

// A Propagator with W3C reads headers as W3C Trace Context, level 1, says, and keeps at most 512
// characters of tracestate.
func FuzzW3C(f *testing.F) {
	for _, tt := range traceparents {
		f.Add(tt.in, "a=1,b=2", "c=3")
	}
	for _, state := range []string{"a=1, ,a=2", "A=1", "a@b=c", strings.Repeat("a=1,", 70), "x=" + strings.Repeat("y", 600) + ",z=1"} {
		f.Add(traceparents[0].in, state, state+",q=2")
	}
	f.Fuzz(func(t *testing.T, parent, state1, state2 string) {
		trimmed := strings.Trim(parent, " \t\r\n")
		want := trace.B3{}
		if m := wellFormedTraceparent.FindStringSubmatch(strings.ReplaceAll(trimmed, "\n", ".")); m != nil && m[1] != "ff" && !(m[1] == "00" && m[5] != "") {
			// The wanted B3 is the result of Parse, which has its own tests.
			state := "0"
			if strings.ContainsRune("13579bdf", rune(m[4][1])) {
				state = "1"
			}
			want, _ = trace.Parse(m[2] + "-" + m[3] + "-" + state)
		}
		h := http.Header{"Traceparent": {parent}, "Tracestate": {state1, state2}}
		got, state := readW3C(h)
		if got != want {
			t.Fatalf("traceparent %q: got %v, want %v", parent, got, want)
		}
		if got == (trace.B3{}) && state != "" || len(state) > 512 {
			t.Fatalf("traceparent %q, tracestate %q and %q: got tracestate %q, want at most 512 characters, and none without a traceparent", parent, state1, state2, state)
		}
		given := map[string]bool{}
		for _, member := range strings.Split(state1+","+state2, ",") {
			given[strings.Trim(member, " \t")] = true
		}
		keys := map[string]bool{}
		for member := range strings.SplitSeq(state, ",") {
			key, _, _ := strings.Cut(member, "=")
			if state != "" && (keys[key] || !given[member]) || len(keys) == 32 {
				t.Fatalf("tracestate %q and %q: got %q, whose member %q is not in the input, repeats a key or is the 33rd", state1, state2, state, member)
			}
			keys[key] = true
		}

		// clew and OpenTelemetry read the same from the headers that are sent on.
		ctx := trace.Propagator{W3C: true}.Extract(context.Background(), propagation.HeaderCarrier(h))
		next := propagation.HeaderCarrier{}
		trace.Propagator{W3C: true}.Inject(ctx, next)
		if again, againState := readW3C(http.Header{"Traceparent": next["Traceparent"], "Tracestate": next["Tracestate"]}); again != got || againState != state {
			t.Fatalf("sent on as %v: got %v and %q, want %v and %q", next, again, againState, got, state)
		}
		theirs := oteltrace.SpanContextFromContext(propagation.TraceContext{}.Extract(context.Background(), next))
		if theirs.TraceID() != got.TraceID || theirs.TraceState().String() != state {
			t.Fatalf("sent on as %v: OpenTelemetry reads %v", next, theirs)
		}
	})
}
