package trace_test

import (
	"context"
	"reflect"
	"testing"
	"unsafe"

	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// A flat context has its values in a map, because a framework has copied them from another
// context.
type flat struct {
	context.Context
	values map[any]any
}

func (f flat) Value(key any) any { return f.values[key] }

// flatten copies ctx as fiber's adaptor does: it reads the fields of each context by reflection,
// and recognizes them by their names. The field val holds the value for the key in the field key
// before it. This value wins over values of the parent context. The field Context is the parent
// context. Newer versions of fiber follow any field that is a context, embedded or not.
func flatten(ctx context.Context, newer bool) flat {
	f := flat{context.Background(), map[any]any{}}
	f.copy(ctx, newer)
	return f
}

func (f flat) copy(ctx any, newer bool) {
	link := reflect.ValueOf(ctx)
	if link.Kind() != reflect.Pointer || link.Elem().Kind() != reflect.Struct {
		return
	}
	link = link.Elem()
	var key any
	for i := range link.NumField() {
		field := link.Field(i)
		read := func() any { return reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Elem().Interface() }
		name := link.Type().Field(i).Name
		switch {
		case name == "noCopy":
			return
		case name == "Context":
			f.copy(read(), newer)
		case name == "key":
			key = read()
		case name == "val":
			if key != nil {
				f.values[key] = read()
			}
		default:
			key = nil
			whole := reflect.NewAt(field.Type(), unsafe.Pointer(field.UnsafeAddr())).Interface()
			if below, ok := whole.(context.Context); ok && newer {
				f.copy(below, newer)
			} else if below, ok := read().(context.Context); ok && newer {
				f.copy(below, newer)
			}
		}
	}
}

// contexts returns one context of each kind that this package makes.
func contexts() map[string]context.Context {
	sdk := sdktrace.NewTracerProvider(sdktrace.WithSampler(sdktrace.AlwaysSample()))
	recorded, calling := trace.Starter{TracerProvider: sdk}, trace.Starter{Kind: oteltrace.SpanKindClient}
	start := func(s trace.Starter, b3 string) context.Context {
		ctx, span := s.Start(context.Background(), testkit.B3(b3), "request")
		span.End()
		return ctx
	}
	ours := start(trace.Starter{}, id64+"-"+spanID+"-1-"+parentID)
	child, span := trace.Start(ours, "child")
	span.End()
	client, span := calling.Start(ours, trace.B3{}, "call")
	span.End()
	root, span := trace.Root(ours, "job")
	span.End()
	again, span := recorded.Start(start(trace.Starter{}, id64+"-"+spanID+"-1"), testkit.B3(id128+"-"+spanID+"-1"), "another trace")
	span.End()
	return map[string]context.Context{
		"remote, 16 digits":                   testkit.Context(id64 + "-" + spanID + "-1-" + parentID),
		"remote, 32 digits with zeros":        testkit.Context(idWide + "-" + spanID),
		"remote, debug":                       testkit.Context(id64 + "-" + spanID + "-d"),
		"remote, deny":                        testkit.Context(id64 + "-" + spanID + "-0"),
		"a state alone, deny":                 trace.NewContext(context.Background(), trace.B3{Sampling: trace.Deny}),
		"a state alone, debug":                trace.NewContext(context.Background(), trace.B3{Sampling: trace.Debug}),
		"server":                              ours,
		"server, 32 digits with zeros":        start(trace.Starter{}, idWide+"-"+spanID+"-1"),
		"server, debug":                       start(trace.Starter{}, id64+"-"+spanID+"-d"),
		"server, deny":                        start(trace.Starter{}, id64+"-"+spanID+"-0"),
		"child":                               child,
		"client":                              client,
		"client, debug":                       start(calling, id64+"-"+spanID+"-d"),
		"client, deny":                        start(calling, idWide+"-"+spanID+"-0"),
		"root":                                root,
		"Only":                                trace.Only(ours),
		"Only, of a state alone":              trace.Only(trace.NewContext(context.Background(), trace.B3{Sampling: trace.Deny})),
		"an SDK's span":                       start(recorded, id64+"-"+spanID+"-1"),
		"an SDK's span, 32 digits with zeros": start(recorded, idWide+"-"+spanID+"-1"),
		"an SDK's span, debug":                start(recorded, id64+"-"+spanID+"-d"),
		"an SDK's span, the caller defers":    start(recorded, id64+"-"+spanID),
		"denied, so an SDK is not asked":      start(recorded, idWide+"-"+spanID+"-0"),
		"an SDK's span, over a span of another trace": again,
		"Only, of an SDK's span":                      trace.Only(start(recorded, idWide+"-"+spanID+"-d")),
	}
}

// A context that was copied by reflection is still in its trace, with width, state and parent. A
// span that is started in the copy is like a span that is started in the original.
func TestContextsCanBeCopiedByReflection(t *testing.T) {
	for name, ctx := range contexts() {
		t.Run(name, func(t *testing.T) { testCopy(t, ctx, flatten(ctx, false)) })
		t.Run(name+", newer fiber", func(t *testing.T) { testCopy(t, ctx, flatten(ctx, true)) })
	}
}

func testCopy(t *testing.T, ctx, copied context.Context) {
	want, wantOK := trace.FromContext(ctx)
	got, ok := trace.FromContext(copied)
	assert.Equal(t, testkit.SaidBy(want), testkit.SaidBy(got), "FromContext")
	assert.Equal(t, wantOK, ok, "FromContext's ok")
	assert.Equal(t, trace.ID(ctx), trace.ID(copied), "ID")
	assert.Equal(t, trace.SpanID(ctx), trace.SpanID(copied), "SpanID")

	under, span := trace.Start(copied, "child")
	defer span.End()
	child, _ := trace.FromContext(under)
	if wantOK {
		assert.Equal(t, said{testkit.SaidBy(want).Trace, child.SpanID.String(), want.SpanID.String(), childState(want)}, testkit.SaidBy(child), "Start in the copy")
	} else {
		assert.Equal(t, want.Sampling, child.Sampling, "state of a new trace in the copy")
	}

	// A deny holds only for its own trace. A new root asks the SDK again.
	_, root := trace.Root(copied, "root")
	defer root.End()
	_, wantRoot := trace.Root(ctx, "root")
	defer wantRoot.End()
	assert.Equal(t, wantRoot.IsRecording(), root.IsRecording(), "whether a root in the copy is recorded")
}

// childState returns the state of a child of parent. If parent defers, the sampler decides. In
// this test, the sampler always denies.
func childState(parent trace.B3) trace.Sampling {
	if parent.Sampling == trace.Defer {
		return trace.Deny
	}
	return parent.Sampling
}

// Width, state and parent stay the same when another library puts clew's span context into the
// context again.
func TestAnothersSpanKeepsTheRecord(t *testing.T) {
	for name, ctx := range contexts() {
		want, ok := trace.FromContext(ctx)
		// Only a deny or a debug needs the record.
		if !ok || want.Sampling == trace.Accept || want.Sampling == trace.Defer {
			continue
		}
		t.Run(name, func(t *testing.T) {
			again := oteltrace.ContextWithSpanContext(ctx, oteltrace.SpanContextFromContext(ctx))
			got, _ := trace.FromContext(again)
			assert.Equal(t, testkit.SaidBy(want), testkit.SaidBy(got))
		})
	}
}

// Some programs copy a context by a cast: they read the memory of each context in the chain as if
// context.WithValue had made it. So clew's contexts begin with the same fields.
func TestContextsAreLaidOutAsWithValue(t *testing.T) {
	type key struct{}
	want := reflect.TypeOf(context.WithValue(context.Background(), key{}, "")).Elem()
	require.Equal(t, 3, want.NumField(), "fields of context.WithValue's context")
	links := 0
	for name, ctx := range contexts() {
		t.Run(name, func(t *testing.T) {
			for reflect.TypeOf(ctx).Kind() == reflect.Pointer {
				link := reflect.TypeOf(ctx).Elem()
				require.GreaterOrEqual(t, link.NumField(), want.NumField(), "fields of %v", link)
				for i := range want.NumField() {
					got, want := link.Field(i), want.Field(i)
					assert.Equal(t, []any{want.Name, want.Type, want.Offset}, []any{got.Name, got.Type, got.Offset}, "field %d of %v", i, link)
				}
				links++
				ctx = reflect.ValueOf(ctx).Elem().FieldByName("Context").Interface().(context.Context)
			}
		})
	}
	assert.Greater(t, links, len(contexts()), "number of contexts compared")
}
