package logctx

import (
	"context"
	"log/slog"
	"net"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"example.com/clew/internal/clip"
	"example.com/clew/internal/goroutine"
	"example.com/clew/internal/line"
	"example.com/clew/internal/line/zline"
	"example.com/clew/internal/redact"
	"example.com/clew/trace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// Call begins a call that is not HTTP, such as one to a database: a client span in ctx's trace. If
// ctx has no trace, the span is in the goroutine's trace, if that trace is known (see [trace.Do]),
// else in a new trace. Call returns a context in which that span is the current one, and the
// function that ends the call:
//
//	ctx, done := logctx.Call(ctx, "media-db.internal", "SELECT views")
//	err := db.QueryRowContext(ctx, query, id).Scan(&views)
//	done(err)
//
// The parameter host is the called host, with or without a port. The span of an SDK gets the host
// as the attributes server.address and server.port. The parameter name says what the call does,
// and is also the name of the span. Choose names from a small set, such as the names of
// operations; do not use a statement with its values. An empty name is replaced by "call".
//
// done ends the span and writes a line at debug level. So the level of the logger shows or hides
// the lines of all calls, failed calls too. In a debug trace the line is always written. The line
// has the message "call" and the fields method (the given name), host, duration_ms, error (if
// there was one), the trace_id, span_id and parent_id of the call, and sampled (if it is true).
// The line goes to the zerolog logger of ctx, else to the slog logger of ctx, else to the logger
// that [Info] falls back to. The Config of that logger sets the names of the fields.
//
// done may be called in any goroutine. Only the first call of done has an effect. If done is never
// called, the span does not end, and no line is written. Pass a nil error if the call was
// successful. An error that is no failure of the call, such as sql.ErrNoRows, need not be passed.
// Neither the line nor the span holds the user, the password or the query of a URL that the error
// quotes. Host, name and error are cut after 8,000 bytes. A nil ctx is context.Background().
func Call(ctx context.Context, host, name string) (_ context.Context, done func(error)) {
	ctx = trace.Implicit(ctx)
	if g := goroutine.CurrentGuard(); g != nil {
		if _, traced := trace.FromContext(ctx); !traced {
			g.Lost("call", func() runtime.Frame { return goroutine.PlaceOfLine(0) })
		}
	}
	c := &call{begin: time.Now()}
	c.record = line.Call{Plain: true, Host: clip.UTF8(redact.Host(host)), Method: clip.UTF8(name)}
	if name == "" {
		c.record.Method = line.MessageCall
	}
	ctx, c.span = trace.Starter{Kind: oteltrace.SpanKindClient}.Start(ctx, trace.B3{}, c.record.Method)
	if c.span.IsRecording() && host != "" {
		c.span.SetAttributes(server(c.record.Host)...)
	}
	c.pending = line.Pending{Context: ctx, Record: &c.record}
	return ctx, c.end
}

// call is a call and its line, in one allocation.
type call struct {
	pending line.Pending
	record  line.Call
	span    oteltrace.Span
	begin   time.Time
	ended   atomic.Bool
}

func (c *call) end(err error) {
	if c.ended.Swap(true) {
		return
	}
	c.record.Duration = time.Since(c.begin)
	if err != nil {
		c.record.Error, err = redact.Error(err, nil, nil)
		if c.record.Error == "" {
			c.record.Error, err = redact.ErrTextless.Error(), redact.ErrTextless
		}
		if c.span.IsRecording() {
			c.span.RecordError(err)
			c.span.SetStatus(codes.Error, c.record.Error)
		}
	}
	c.span.End()
	b, _ := trace.FromContext(c.pending.Context)
	c.record.ParentID, c.record.Sampled = b.ParentSpanID, sampled(b)
	zline.Out(&c.pending, slog.LevelDebug, b.Sampling == trace.Debug)
}

// server returns the attributes of a span for a host, by OpenTelemetry's conventions.
func server(host string) []attribute.KeyValue {
	if name, text, err := net.SplitHostPort(host); err == nil && name != "" {
		if port, err := strconv.ParseUint(text, 10, 16); err == nil {
			return []attribute.KeyValue{attribute.String("server.address", name), attribute.Int("server.port", int(port))}
		}
	}
	return []attribute.KeyValue{attribute.String("server.address", host)}
}
