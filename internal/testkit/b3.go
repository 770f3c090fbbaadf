package testkit

import (
	"context"

	"example.com/clew/trace"
)

// Must returns v. It panics with err if err is not nil.
func Must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// B3 returns the B3 of a well-formed b3 header.
func B3(single string) trace.B3 { return Must(trace.Parse(single)) }

// Context returns a context in the trace of a b3 header.
func Context(single string) context.Context {
	return trace.NewContext(context.Background(), B3(single))
}

// Request returns the context of a request that has arrived in the sampled trace ID128.
func Request() context.Context { return Context(ID128 + "-" + SpanID + "-1") }

// Said is a B3 for test tables: the IDs are texts, and "" means no ID. It is an alias, so that go
// vet accepts tables without the names of its fields.
type Said = struct {
	Trace, Span, Parent string
	State               trace.Sampling
}

// SaidBy returns b as a Said.
func SaidBy(b trace.B3) Said {
	s := Said{Trace: b.ID(), State: b.Sampling}
	if b.SpanID.IsValid() {
		s.Span = b.SpanID.String()
	}
	if b.ParentSpanID.IsValid() {
		s.Parent = b.ParentSpanID.String()
	}
	return s
}

// SaidIn returns the B3 of ctx as a Said.
func SaidIn(ctx context.Context) Said {
	b, _ := trace.FromContext(ctx)
	return SaidBy(b)
}
