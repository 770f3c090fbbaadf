package adapters_test

import (
	"context"
	"fmt"
	"sync"

	"example.com/clew/logctx"
	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
	"go.opentelemetry.io/otel/propagation"
)

// publish sends msg with ctx's trace.
func publish(ctx context.Context, to message.Publisher, topic string, msg *message.Message) error {
	propagator.Inject(ctx, propagation.MapCarrier(msg.Metadata))
	return to.Publish(topic, msg)
}

// traced is middleware for a router. A handler runs in the trace of the message that it handles.
// The messages that the handler returns carry this trace, too.
func traced(next message.HandlerFunc) message.HandlerFunc {
	return func(msg *message.Message) (produced []*message.Message, err error) {
		name := message.SubscribeTopicFromCtx(msg.Context())
		err = handle(msg.Context(), name, propagation.MapCarrier(msg.Metadata), func(ctx context.Context) error {
			msg.SetContext(ctx)
			produced, err = next(msg)
			for _, p := range produced {
				propagator.Inject(ctx, propagation.MapCarrier(p.Metadata))
			}
			return err
		})
		return produced, err
	}
}

// route runs a router until stop is called. add adds the handlers to the router.
func route(add func(router *message.Router, queue *gochannel.GoChannel)) (queue *gochannel.GoChannel, stop func()) {
	// Like a network, this queue passes no context with a message.
	queue = gochannel.NewGoChannel(gochannel.Config{}, nil)
	router, err := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
	check(err)
	router.AddMiddleware(traced)
	add(router, queue)
	var running sync.WaitGroup
	running.Go(func() { check(router.Run(context.Background())) })
	<-router.Running()
	return queue, func() {
		check(router.Close())
		check(queue.Close())
		running.Wait()
	}
}

// A message carries its trace in its metadata. publish writes it, and traced reads it.
func Example_watermill() {
	handled := make(chan struct{})
	logger := lines().Hook(logctx.Hook(logctx.Config{}))
	queue, stop := route(func(router *message.Router, queue *gochannel.GoChannel) {
		router.AddConsumerHandler("resize", "images", queue, func(msg *message.Message) error {
			defer close(handled)
			logger.Info().Ctx(msg.Context()).Msg("resized")
			logger.Info().Msg("without a context, too")
			return nil
		})
	})
	defer stop()

	ctx := handlerContext()
	if err := publish(ctx, queue, "images", message.NewMessage(watermill.NewUUID(), nil)); err != nil {
		fmt.Println(err)
	}
	<-handled
	// Output:
	// resized trace_id=463ac35c9f6413ad
	// without a context, too trace_id=463ac35c9f6413ad
}
