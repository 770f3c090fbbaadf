package messagecontexts

import (
	"context"

	"github.com/rabbitmq/amqp091-go"
	"github.com/segmentio/kafka-go"
)

func run(ctx context.Context, reader *kafka.Reader) {
	for {
		m, _ := reader.ReadMessage(ctx)
		save(context.Background(), m) // not reported in an endless loop
	}
}

func receive(ctx context.Context, deliveries <-chan amqp091.Delivery) {
	save(context.Background(), kafka.Message{})
	for d := range deliveries {
		_ = d
		save(context.Background(), kafka.Message{}) // want `context.Background\(\) loses the trace of d: use context.WithoutCancel\(ctx\), after ctx := propagator\.Extract\(ctx, …\) with a carrier over d\.Headers`
	}
}

func save(ctx context.Context, m kafka.Message) {}
