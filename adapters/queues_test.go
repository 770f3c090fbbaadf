package adapters_test

import (
	"bytes"
	"context"
	"encoding/json"
	"sync"
	"testing"

	"example.com/clew/internal/line"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/gochannel"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kgo"
)

// consumer is a function that handles one message of a queue, with the message's headers.
type consumer = func(ctx context.Context, headers map[string]string, body string)

// queue is a queue with a consumer.
type queue struct {
	send func(ctx context.Context, body string) // sends a message by the queue's recipe
	// The function other sends a message as a program without clew does.
	other func(headers map[string]string, body string)
	wait  func(n int) // waits until n messages have been handled
	end   func()
}

var queues = []struct {
	name string
	open func(fn consumer) queue
}{
	{"Kafka", func(fn consumer) queue {
		client, end := kafkaClient("orders")
		return queue{
			send: func(ctx context.Context, body string) {
				check(client.ProduceSync(ctx, &kgo.Record{Topic: "orders", Value: []byte(body)}).FirstErr())
			},
			other: func(headers map[string]string, body string) {
				r := &kgo.Record{Topic: "orders", Value: []byte(body)}
				for key, value := range headers {
					r.Headers = append(r.Headers, kgo.RecordHeader{Key: key, Value: []byte(value)})
				}
				check(client.ProduceSync(context.Background(), r).FirstErr())
			},
			wait: func(n int) {
				for n > 0 {
					polled := client.PollFetches(context.Background())
					check(polled.Err())
					check(consume(context.Background(), polled, func(ctx context.Context, r *kgo.Record) error {
						headers := map[string]string{}
						for _, h := range r.Headers {
							headers[h.Key] = string(h.Value)
						}
						fn(ctx, headers, string(r.Value))
						n--
						return nil
					}))
				}
			},
			end: end,
		}
	}},
	{"NATS", func(fn consumer) queue {
		conn, end := natsServer()
		handled := make(chan struct{}, times)
		_, err := natsSubscribe(conn, "orders.*", func(ctx context.Context, m *nats.Msg) {
			headers := map[string]string{}
			for key := range m.Header {
				headers[key] = m.Header.Get(key)
			}
			fn(ctx, headers, string(m.Data))
			handled <- struct{}{}
		})
		check(err)
		return queue{
			send: func(ctx context.Context, body string) { check(natsPublish(ctx, conn, "orders.7", []byte(body))) },
			other: func(headers map[string]string, body string) {
				m := &nats.Msg{Subject: "orders.7", Data: []byte(body)}
				for key, value := range headers {
					m.Header = nats.Header{key: {value}}
				}
				check(conn.PublishMsg(m))
			},
			wait: func(n int) {
				for range n {
					<-handled
				}
			},
			end: end,
		}
	}},
	{"JetStream", func(fn consumer) queue {
		conn, end := natsServer()
		js, err := jetstream.New(conn)
		check(err)
		ctx := context.Background()
		_, err = js.CreateStream(ctx, jetstream.StreamConfig{Name: "orders", Subjects: []string{"orders"}, Storage: jetstream.MemoryStorage})
		check(err)
		reader, err := js.CreateConsumer(ctx, "orders", jetstream.ConsumerConfig{AckPolicy: jetstream.AckExplicitPolicy})
		check(err)
		return queue{
			send: func(ctx context.Context, body string) { check(natsPublish(ctx, conn, "orders", []byte(body))) },
			other: func(headers map[string]string, body string) {
				m := &nats.Msg{Subject: "orders", Data: []byte(body)}
				for key, value := range headers {
					m.Header = nats.Header{key: {value}}
				}
				check(conn.PublishMsg(m))
			},
			wait: func(n int) {
				batch, err := reader.Fetch(n)
				check(err)
				for m := range batch.Messages() {
					check(handle(ctx, "orders", natsHeader{m.Headers()}, func(ctx context.Context) error {
						headers := map[string]string{}
						for key := range m.Headers() {
							headers[key] = m.Headers().Get(key)
						}
						fn(ctx, headers, string(m.Data()))
						return m.Ack()
					}))
				}
				check(batch.Error())
			},
			end: end,
		}
	}},
	{"SQS", func(fn consumer) queue {
		client, end := sqsClient()
		queueURL := "https://sqs.eu-west-1.example.com/123456789012/orders"
		send := func(body string, attributes map[string]types.MessageAttributeValue) {
			_, err := client.SendMessage(context.Background(), &sqs.SendMessageInput{QueueUrl: &queueURL, MessageBody: &body, MessageAttributes: attributes})
			check(err)
		}
		return queue{
			send: func(ctx context.Context, body string) { send(body, sqsAttributes(ctx)) },
			other: func(headers map[string]string, body string) {
				attributes := map[string]types.MessageAttributeValue{}
				for key, value := range headers {
					attributes[key] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(value)}
				}
				send(body, attributes)
			},
			wait: func(n int) {
				for n > 0 {
					check(sqsReceive(context.Background(), client, sqs.ReceiveMessageInput{QueueUrl: &queueURL, MaxNumberOfMessages: 10}, func(ctx context.Context, m types.Message) error {
						headers := map[string]string{}
						for key, value := range m.MessageAttributes {
							headers[key] = *value.StringValue
						}
						fn(ctx, headers, *m.Body)
						n--
						return nil
					}))
				}
			},
			end: end,
		}
	}},
	{"Kinesis", func(fn consumer) queue {
		client, end := kinesisClient()
		return queue{
			send: func(ctx context.Context, body string) { check(kinesisPut(ctx, client, "orders", order{ID: body})) },
			other: func(headers map[string]string, body string) {
				data, err := json.Marshal(map[string]any{"headers": headers, "id": body})
				check(err)
				_, err = client.PutRecord(context.Background(), &kinesis.PutRecordInput{StreamName: aws.String("orders"), PartitionKey: aws.String("7"), Data: data})
				check(err)
			},
			wait: func(int) {
				out, err := client.GetRecords(context.Background(), &kinesis.GetRecordsInput{ShardIterator: aws.String("0")})
				check(err)
				check(kinesisHandle(context.Background(), "orders", out.Records, func(ctx context.Context, o order) error {
					fn(ctx, o.Headers, o.ID)
					return nil
				}))
			},
			end: end,
		}
	}},
	{"watermill", func(fn consumer) queue {
		handled := make(chan struct{}, times)
		to, stop := route(func(router *message.Router, from *gochannel.GoChannel) {
			router.AddConsumerHandler("count", "orders", from, func(msg *message.Message) error {
				fn(msg.Context(), msg.Metadata, string(msg.Payload))
				handled <- struct{}{}
				return nil
			})
		})
		return queue{
			send: func(ctx context.Context, body string) {
				check(publish(ctx, to, "orders", message.NewMessage(watermill.NewUUID(), message.Payload(body))))
			},
			other: func(headers map[string]string, body string) {
				msg := message.NewMessage(watermill.NewUUID(), message.Payload(body))
				for key, value := range headers {
					msg.Metadata.Set(key, value)
				}
				check(to.Publish("orders", msg))
			},
			wait: func(n int) {
				for range n {
					<-handled
				}
			},
			end: stop,
		}
	}},
}

// plainMessage is a message that a program without clew sends, and the expected trace.
type plainMessage struct {
	name     string
	headers  map[string]string
	id       string         // "" for a new trace
	sampling trace.Sampling // Defer if the sampler decides
}

var plainMessages = []plainMessage{
	{"no headers", nil, "", trace.Defer},
	{"other headers", map[string]string{"tenant": "acme"}, "", trace.Defer},
	{"malformed", map[string]string{"b3": id64 + "-" + spanID + "-x"}, "", trace.Defer},
	{"empty", map[string]string{"b3": ""}, "", trace.Defer},
	{"accept", map[string]string{"b3": id64 + "-" + spanID + "-1"}, id64, trace.Accept},
	{"debug", map[string]string{"b3": id64 + "-" + spanID + "-d"}, id64, trace.Debug},
	{"deny without IDs", map[string]string{"b3": "0"}, "", trace.Deny},
	{"no headers again", nil, "", trace.Defer},
}

// delivery is a message as the consumer got it, with the lines that the consumer wrote.
type delivery struct {
	b3      trace.B3
	headers map[string]string
	lines   []line.Line
}

// deliveries holds the deliveries of a queue, by the bodies of the messages.
type deliveries struct {
	mu  sync.Mutex
	all map[string]delivery
}

// keep is a consumer that logs two lines and records its message.
func (d *deliveries) keep(ctx context.Context, headers map[string]string, body string) {
	var out bytes.Buffer
	logger := logctx.New(&out)
	logger.Info().Ctx(ctx).Msg("with a context")
	logger.Info().Msg("without one")
	b, _ := trace.FromContext(ctx)
	var lines []line.Line
	for text := range bytes.Lines(out.Bytes()) {
		l, err := line.Parse(text)
		check(err)
		lines = append(lines, l)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.all[body] = delivery{b, headers, lines}
}

// Each message of a batch is handled in its own span, a child of the sender's span. The handler's
// lines have the trace ID of the message, with a context and without. A message without a readable
// trace starts a new trace: it is never in the trace of the message before it.
func TestQueues(t *testing.T) {
	for _, test := range queues {
		t.Run(test.name, func(t *testing.T) {
			got := deliveries{all: map[string]delivery{}}
			q := test.open(got.keep)
			requests := []request{incoming(0), incoming(1), incoming(2)}
			for _, r := range requests {
				q.send(r.ctx, r.id)
				r.end() // the message outlives the request
			}
			for _, m := range plainMessages {
				q.other(m.headers, m.name)
			}
			q.wait(len(requests) + len(plainMessages))
			q.end()
			require.Len(t, got.all, len(requests)+len(plainMessages), "messages that were handled")

			for body, d := range got.all {
				require.Len(t, d.lines, 2, "lines of %q", body)
				for _, l := range d.lines {
					assert.Equal(t, d.b3.ID(), l.TraceID, "trace_id of %q, of the message %q", l.Message, body)
					assert.Equal(t, d.b3.SpanID.String(), l.SpanID, "span_id of %q, of the message %q", l.Message, body)
				}
			}
			ids := map[string]bool{}
			for _, r := range requests {
				d, from := got.all[r.id], mustB3(r.ctx)
				assert.Equal(t, map[string]string{"b3": from.String()}, d.headers, "headers of a message that was sent by the recipe")
				assert.Equal(t, r.id, d.b3.ID(), "trace of the handler")
				assert.Equal(t, from.SpanID, d.b3.ParentSpanID, "parent of the handler's span")
				assert.Equal(t, trace.Accept, d.b3.Sampling, "sampling decision in the handler")
				ids[r.id] = true
			}
			for _, m := range plainMessages {
				m.check(t, got.all[m.name].b3, ids)
			}
		})
	}
}

// check checks the trace in which m was handled. ids holds the traces of the other messages.
func (m plainMessage) check(t *testing.T, got trace.B3, ids map[string]bool) {
	if m.sampling != trace.Defer {
		assert.Equal(t, m.sampling, got.Sampling, "sampling decision in the handler of %q", m.name)
	}
	if m.id != "" {
		assert.Equal(t, m.id, got.ID(), "trace of %q", m.name)
		assert.Equal(t, spanID, got.ParentSpanID.String(), "parent of the span for %q", m.name)
		return
	}
	assert.Len(t, got.ID(), 32, "trace of %q", m.name)
	assert.False(t, ids[got.ID()], "%q is in the trace of another message", m.name)
	ids[got.ID()] = true
}

func mustB3(ctx context.Context) trace.B3 {
	b, ok := trace.FromContext(ctx)
	if !ok {
		panic("no trace")
	}
	return b
}

// A record that a consumer produces again, for instance into a topic for failures, has one header
// and stays in its trace.
func TestKafkaRecordIsForwarded(t *testing.T) {
	client, end := kafkaClient("orders")
	defer end()
	r := incoming(1)
	defer r.end()
	require.NoError(t, client.ProduceSync(r.ctx, &kgo.Record{Topic: "orders", Value: []byte("7")}).FirstErr())

	var ids []string
	for range 3 {
		polled := client.PollFetches(t.Context())
		require.NoError(t, polled.Err())
		require.NoError(t, consume(t.Context(), polled, func(ctx context.Context, record *kgo.Record) error {
			ids = append(ids, trace.ID(ctx))
			assert.Len(t, record.Headers, 1, "number of headers")
			record.Context = nil // otherwise Produce uses the record's own context
			return client.ProduceSync(ctx, record).FirstErr()
		}))
	}
	assert.Equal(t, []string{r.id, r.id, r.id}, ids, "trace.ID in each round")
}

// Without a trace, a message has no attribute, because SQS rejects an empty attribute.
func TestNoTraceNoAttribute(t *testing.T) {
	assert.Empty(t, sqsAttributes(context.Background()))
}

// The goroutine has no trace any more after a handler that panics or returns an error.
func TestHandleEnds(t *testing.T) {
	var out bytes.Buffer
	logger := zerolog.New(&out).Hook(logctx.Hook(logctx.Config{}))
	in := natsHeader{nats.Header{"b3": {id64 + "-" + spanID}}}
	assert.Panics(t, func() {
		_ = handle(context.Background(), "orders", in, func(context.Context) error { panic("no such order") })
	}, "handle passes on a panic of fn")
	assert.ErrorIs(t, handle(context.Background(), "orders", in, func(context.Context) error { return context.Canceled }), context.Canceled, "error of fn")
	logger.Info().Msg("after it")
	assert.Equal(t, "{\"level\":\"info\",\"message\":\"after it\"}\n", out.String())
}
