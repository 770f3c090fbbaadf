package adapters_test

import (
	"context"
	"sync"
	"testing"

	"example.com/clew/trace"
	"example.com/clew/workerpool"
	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
	"github.com/stretchr/testify/assert"
)

// A message is handled in the trace of its publisher. The messages that its handler publishes are
// in that trace, too.
func TestMessagesHaveTheirPublishersID(t *testing.T) {
	tests := []struct {
		name    string
		publish func(ctx context.Context, to message.Publisher, topic string, msg *message.Message) error
		want    counts
	}{
		{"published in the trace", publish, counts{Ran: total}},
		// Without the header, each message starts a new trace.
		{"control without the header", func(_ context.Context, to message.Publisher, topic string, msg *message.Message) error {
			return to.Publish(topic, msg)
		}, counts{Ran: total, Wrong: total}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var first, second tally
			var handling, publishing sync.WaitGroup
			handling.Add(total)
			queue, stop := route(func(router *message.Router, queue *gochannel.GoChannel) {
				router.AddHandler("resize", "asked", queue, "resized", queue, func(msg *message.Message) ([]*message.Message, error) {
					first.look(msg.Context(), string(msg.Payload))
					return []*message.Message{message.NewMessage(msg.UUID, msg.Payload)}, nil
				})
				router.AddConsumerHandler("count", "resized", queue, func(msg *message.Message) error {
					defer handling.Done()
					second.look(msg.Context(), string(msg.Payload))
					return nil
				})
			})
			all := manyRequests()
			for p := range workers { // each goroutine publishes for all requests in turn
				publishing.Go(func() {
					for i := p; i < total; i += workers {
						r := all[i/workers%requests]
						check(test.publish(r.ctx, queue, "asked", message.NewMessage(watermill.NewUUID(), message.Payload(r.id))))
					}
				})
			}
			publishing.Wait()
			for _, r := range all {
				r.end()
			}
			handling.Wait()
			stop()
			assert.Equal(t, test.want, first.counts(), "traces of the messages that the requests publish")
			assert.Equal(t, test.want, second.counts(), "traces of the messages that the first handler publishes")
		})
	}
}

// A message outlives the request that published it. The message's own context ends with its
// handler. Work that the handler does not wait for needs a detached context, which outlives the
// message's.
func TestMessageContextEndsWithTheMessage(t *testing.T) {
	r := incoming(0)
	published, handled := make(chan struct{}), make(chan context.Context, 1)
	var later sync.WaitGroup
	queue, stop := route(func(router *message.Router, queue *gochannel.GoChannel) {
		router.AddConsumerHandler("count", "asked", queue, func(msg *message.Message) error {
			<-published
			ctx := msg.Context()
			assert.NoError(t, ctx.Err(), "ctx.Err() in the handler, after the end of the request")
			later.Go(workerpool.Wrap(ctx, func(detached context.Context) {
				<-ctx.Done()
				assert.NoError(t, detached.Err(), "ctx.Err() in a task of the handler, after the end of the handler")
				assert.Equal(t, r.id, trace.ID(detached), "trace.ID(ctx) in the task")
			}))
			handled <- ctx
			return nil
		})
	})
	check(publish(r.ctx, queue, "asked", message.NewMessage(watermill.NewUUID(), nil)))
	r.end()
	close(published)
	<-(<-handled).Done()
	later.Wait()
	stop()
}
