package adapters_test

import (
	"context"
	"slices"

	"example.com/clew/logctx"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"go.opentelemetry.io/otel/propagation"
)

// produced is a hook of franz-go. It puts the trace of Produce's context into each record.
type produced struct{}

func (produced) OnProduceRecordBuffered(r *kgo.Record) {
	headers := propagation.MapCarrier{}
	propagator.Inject(r.Context, headers)
	for key, value := range headers {
		other := slices.DeleteFunc(slices.Clone(r.Headers), func(h kgo.RecordHeader) bool { return h.Key == key })
		r.Headers = append(other, kgo.RecordHeader{Key: key, Value: []byte(value)})
	}
}

// consume calls fn for each record of a poll, in the record's trace.
func consume(ctx context.Context, polled kgo.Fetches, fn func(ctx context.Context, r *kgo.Record) error) error {
	for r := range polled.RecordsAll() {
		headers := propagation.MapCarrier{}
		for _, h := range r.Headers {
			headers[h.Key] = string(h.Value)
		}
		if err := handle(ctx, r.Topic, headers, func(ctx context.Context) error { return fn(ctx, r) }); err != nil {
			return err
		}
	}
	return nil
}

// kafkaClient returns a client of a Kafka server on loopback. Call end to stop both.
func kafkaClient(topic string) (client *kgo.Client, end func()) {
	cluster, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.SeedTopics(1, topic))
	check(err)
	client, err = kgo.NewClient(kgo.WithHooks(produced{}), kgo.SeedBrokers(cluster.ListenAddrs()...), kgo.ConsumeTopics(topic))
	check(err)
	return client, func() {
		client.Close()
		cluster.Close()
	}
}

// The producer's client has the hook produced. The consumer calls handle for each record.
func Example_kafka() {
	client, end := kafkaClient("orders")
	defer end()
	logger := lines().Hook(logctx.Hook(logctx.Config{}))

	ctx := handlerContext()
	check(client.ProduceSync(ctx, &kgo.Record{Topic: "orders", Value: []byte("7")}).FirstErr())

	polled := client.PollFetches(context.Background())
	check(polled.Err())
	check(consume(context.Background(), polled, func(ctx context.Context, r *kgo.Record) error {
		logger.Info().Ctx(ctx).Msgf("order %s", r.Value)
		logger.Info().Msg("without a context, too")
		return nil
	}))
	// Output:
	// order 7 trace_id=463ac35c9f6413ad
	// without a context, too trace_id=463ac35c9f6413ad
}
