package adapters_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"

	"example.com/clew/logctx"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"go.opentelemetry.io/otel/propagation"
)

// sqsAttributes returns the MessageAttributes that carry ctx's trace.
func sqsAttributes(ctx context.Context) map[string]types.MessageAttributeValue {
	headers, attributes := propagation.MapCarrier{}, map[string]types.MessageAttributeValue{}
	propagator.Inject(ctx, headers)
	for key, value := range headers {
		attributes[key] = types.MessageAttributeValue{DataType: aws.String("String"), StringValue: aws.String(value)}
	}
	return attributes
}

// sqsReceive passes each message to fn, in the message's trace.
func sqsReceive(ctx context.Context, client *sqs.Client, in sqs.ReceiveMessageInput, fn func(ctx context.Context, m types.Message) error) error {
	// SQS returns only attributes that are named here.
	in.MessageAttributeNames = slices.Concat(in.MessageAttributeNames, propagator.Fields())
	received, err := client.ReceiveMessage(ctx, &in)
	if err != nil {
		return err
	}
	for _, m := range received.Messages {
		headers := propagation.MapCarrier{}
		for key, value := range m.MessageAttributes {
			headers[key] = aws.ToString(value.StringValue)
		}
		if err := handle(ctx, "receive", headers, func(ctx context.Context) error { return fn(ctx, m) }); err != nil {
			return err
		}
	}
	return nil
}

// sqsQueue is an SQS server with one queue, which delivers each message once.
type sqsQueue struct {
	mu       sync.Mutex
	messages []types.Message
}

func (q *sqsQueue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q.mu.Lock()
	defer q.mu.Unlock()
	var in struct {
		MessageBody           *string
		MessageAttributes     map[string]types.MessageAttributeValue
		MessageAttributeNames []string
	}
	check(json.NewDecoder(r.Body).Decode(&in))
	var out struct{ Messages []types.Message }
	switch r.Header.Get("X-Amz-Target") {
	case "AmazonSQS.SendMessage":
		q.messages = append(q.messages, types.Message{Body: in.MessageBody, MessageAttributes: in.MessageAttributes})
	case "AmazonSQS.ReceiveMessage":
		batch := q.messages[:min(10, len(q.messages))]
		q.messages = q.messages[len(batch):]
		for _, m := range batch {
			asked := map[string]types.MessageAttributeValue{}
			for name, value := range m.MessageAttributes {
				if slices.Contains(in.MessageAttributeNames, name) {
					asked[name] = value
				}
			}
			m.MessageAttributes = asked
			out.Messages = append(out.Messages, m)
		}
	default:
		http.Error(w, "unknown", http.StatusBadRequest)
		return
	}
	check(json.NewEncoder(w).Encode(out))
}

// sqsClient returns a client of an SQS server on loopback. Call end to stop the server.
func sqsClient() (client *sqs.Client, end func()) {
	server := httptest.NewServer(new(sqsQueue))
	return sqs.New(sqs.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), HTTPClient: server.Client(),
		Credentials: credentials.NewStaticCredentialsProvider("id", "key", ""),
	}), server.Close
}

// A message carries its trace in an attribute. The receiver must ask for the attribute.
func Example_sqs() {
	client, end := sqsClient()
	defer end()
	logger := lines().Hook(logctx.Hook(logctx.Config{}))
	queueURL := aws.String("https://sqs.eu-west-1.example.com/123456789012/orders")

	ctx := handlerContext()
	_, err := client.SendMessage(ctx, &sqs.SendMessageInput{QueueUrl: queueURL, MessageBody: aws.String("7"), MessageAttributes: sqsAttributes(ctx)})
	check(err)

	in := sqs.ReceiveMessageInput{QueueUrl: queueURL, MaxNumberOfMessages: 10}
	check(sqsReceive(context.Background(), client, in, func(ctx context.Context, m types.Message) error {
		logger.Info().Ctx(ctx).Msgf("order %s", *m.Body)
		logger.Info().Msg("without a context, too")
		return nil
	}))
	// Output:
	// order 7 trace_id=463ac35c9f6413ad
	// without a context, too trace_id=463ac35c9f6413ad
}
