package messages

import (
	"context"
	"log/slog"
	"net/http"

	"cloud.google.com/go/pubsub"
	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/nats-io/nats.go"
	amqp "github.com/rabbitmq/amqp091-go"
	"github.com/rs/zerolog/log"
	"github.com/segmentio/kafka-go"
)

func run(ctx context.Context, reader *kafka.Reader) {
	slog.Info("the consumer begins")
	for {
		m, err := reader.ReadMessage(ctx)
		if err != nil {
			slog.Error("no message, no trace")
			continue
		}
		log.Info().Msg("") // want `zerolog.Info without the trace of m: add \.Ctx\(ctx\), after ctx := propagator\.Extract\(ctx, …\) with a carrier over m\.Headers`
		if err := reader.CommitMessages(ctx, m); err != nil {
			slog.Error("") // want `slog.Error without the trace of m: use ErrorContext\(ctx, …\), after`
		}
		if m, err := reader.FetchMessage(ctx); err != nil {
			slog.Error("no message, no trace")
		} else {
			_ = m
			slog.Error("") // want `slog.Error without the trace of m`
		}
		handle(ctx, m)
		shared(ctx, m)
	}
}

// handle is called only with the loop's context.
func handle(ctx context.Context, m kafka.Message) {
	slog.Info("") // want `slog.Info without the trace of m`
}

// shared is also called with the context of a message, in extracts.
func shared(ctx context.Context, m kafka.Message) {
	slog.Info("") // want `slog.Info without the context at hand: use InfoContext\(ctx, …\)`
}

// Exported may be called with a ctx that has the trace of m.
func Exported(ctx context.Context, m kafka.Message) {
	slog.Info("") // want `slog.Info without the context at hand: use InfoContext\(ctx, …\)`
}

// Start starts the loop with the program's context.
func Start(ctx context.Context, reader *kafka.Reader) {
	slog.Info("belongs to no trace")
	connect(ctx)
	common(ctx)
	go run(ctx, reader)
}

func connect(ctx context.Context) { slog.Info("belongs to no trace") }

// The function other, which belongs to no consumer, calls common, too.
func common(ctx context.Context) { slog.Info("") } // want `slog.Info without the context at hand`

func other(ctx context.Context) { common(ctx) }

func workers(ctx context.Context, deliveries <-chan amqp.Delivery) {
	for d := range deliveries {
		go func(m amqp.Delivery) {
			slog.Info("") // want `slog.Info without the trace of m`
			first(ctx, m)
		}(d)
	}
}

func first(ctx context.Context, d amqp.Delivery)  { second(ctx, d) }
func second(ctx context.Context, d amqp.Delivery) { slog.Info("") } // want `slog.Info without the trace of d`

func extracts(ctx context.Context, reader *kafka.Reader) {
	for {
		m, _ := reader.FetchMessage(ctx)
		slog.Info("") // want `slog.Info without the trace of m`
		ctx := extract(ctx, m.Headers)
		slog.Info("") // want `slog.Info without the context at hand: use InfoContext\(ctx, …\)`
		shared(ctx, m)
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		slog.Info("") // want `slog.Info without the context at hand: use InfoContext\(ctx, …\)`
	}
}

func extract(ctx context.Context, headers []kafka.Header) context.Context { return ctx }

type consumer struct{}

func (consumer) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for message := range claim.Messages() {
		_ = message
		slog.Info("") // want `slog.Info without the trace of message: use InfoContext\(ctx, …\), after ctx := propagator\.Extract\(session\.Context\(\), …\) with a carrier over message\.Headers`
	}
	return nil
}

func (consumer) Another(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) {
	ctx := session.Context()
	_ = ctx
	for message := range claim.Messages() {
		_ = message
		slog.Info("") // want `slog.Info without the trace of message: use InfoContext\(ctx, …\), after ctx := propagator\.Extract\(ctx, …\)`
	}
}

func subscribe(ctx context.Context, conn *nats.Conn, subscription *pubsub.Subscription, deliveries <-chan amqp.Delivery) {
	_, _ = conn.Subscribe("images", func(m *nats.Msg) {
		slog.Info("") // want `after ctx := propagator\.Extract\(ctx, …\) with a carrier over m\.Header`
	})
	_ = subscription.Receive(ctx, func(ctx context.Context, m *pubsub.Message) {
		slog.Info("") // want `after ctx := propagator\.Extract\(ctx, propagation\.MapCarrier\(m\.Attributes\)\)`
	})
	for d := range deliveries {
		_ = d
		slog.Info("") // want `with a carrier over d\.Headers`
	}
}

func batch(ctx context.Context, messages []types.Message) {
	for _, m := range messages {
		_ = m
		slog.Info("") // want `with a carrier over m\.MessageAttributes`
	}
}

// A handler that reads a queue has its request's trace.
func peek(w http.ResponseWriter, r *http.Request, reader *kafka.Reader) {
	m, _ := reader.FetchMessage(r.Context())
	_ = m
	slog.Info("") // want `slog.Info without the context at hand: use InfoContext\(r\.Context\(\), …\)`
}

// A function that sends a message has the trace in its own context.
func publish(ctx context.Context) {
	m := kafka.Message{Topic: "images"}
	_ = m
	n := &nats.Msg{}
	_ = n
	var o kafka.Message
	o.Topic = "images"
	slog.Info("") // want `slog.Info without the context at hand: use InfoContext\(ctx, …\)`
}

func watermill(m *message.Message) error {
	slog.Info("") // want `slog.Info without the trace of m: use InfoContext\(ctx, …\), after ctx := propagator\.Extract\(m\.Context\(\), propagation\.MapCarrier\(m\.Metadata\)\)`
	return nil
}

func watermills(ctx context.Context, messages <-chan *message.Message) {
	for m := range messages {
		_ = m
		slog.Info("") // want `after ctx := propagator\.Extract\(m\.Context\(\), propagation\.MapCarrier\(m\.Metadata\)\)`
	}
}
