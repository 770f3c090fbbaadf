package messagecontexts

import (
	"context"

	"github.com/nats-io/nats.go"
	"github.com/segmentio/kafka-go"
)

type consumer struct{ ctx context.Context }

func (c *consumer) start() {
	consume(c.ctx, c.batch)
	consume(c.ctx, func(ctx context.Context, all []*nats.Msg) bool {
		save(context.Background(), kafka.Message{})
		return true
	})
}

// start passes batch to the function that receives the messages.
func (c *consumer) batch(ctx context.Context, all []*nats.Msg) bool {
	save(context.Background(), kafka.Message{})
	for _, m := range all {
		_ = m
		save(context.Background(), kafka.Message{}) // want `loses the trace of m: use context.WithoutCancel\(ctx\), after ctx := propagator\.Extract\(ctx, …\) with a carrier over m\.Header`
	}
	first := all[0]
	_ = first
	save(context.Background(), kafka.Message{}) // want `loses the trace of first: `
	return true
}

// publish sends these messages for a request.
func publish(ctx context.Context, all []*nats.Msg) {
	save(context.Background(), kafka.Message{}) // want `context.Background\(\) loses the trace of the context at hand`
	for _, m := range all {
		_ = m
		save(context.Background(), kafka.Message{}) // want `context.Background\(\) loses the trace of the context at hand`
	}
}

func Publish(ctx context.Context) { publish(ctx, nil) }

func consume(ctx context.Context, f func(context.Context, []*nats.Msg) bool) {}
