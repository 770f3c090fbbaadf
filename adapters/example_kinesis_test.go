package adapters_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"sync"

	"example.com/clew/logctx"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"go.opentelemetry.io/otel/propagation"
)

// order is the data of a record. It contains the headers, because Kinesis has no headers.
type order struct {
	Headers propagation.MapCarrier `json:"headers,omitempty"`
	ID      string                 `json:"id"`
}

// kinesisPut puts an order with ctx's trace into a stream.
func kinesisPut(ctx context.Context, client *kinesis.Client, stream string, o order) error {
	o.Headers = propagation.MapCarrier{}
	propagator.Inject(ctx, o.Headers)
	data, err := json.Marshal(o)
	if err != nil {
		return err
	}
	_, err = client.PutRecord(ctx, &kinesis.PutRecordInput{StreamName: &stream, PartitionKey: &o.ID, Data: data})
	return err
}

// kinesisHandle calls fn for each order, in the order's trace.
func kinesisHandle(ctx context.Context, stream string, records []types.Record, fn func(ctx context.Context, o order) error) error {
	for _, r := range records {
		var o order
		if err := json.Unmarshal(r.Data, &o); err != nil {
			return err
		}
		if err := handle(ctx, stream, o.Headers, func(ctx context.Context) error { return fn(ctx, o) }); err != nil {
			return err
		}
	}
	return nil
}

// kinesisStream is a Kinesis server with one stream of one shard. Each GetRecords returns all
// records.
type kinesisStream struct {
	mu      sync.Mutex
	records []types.Record
}

func (s *kinesisStream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var in struct {
		PartitionKey *string
		Data         []byte
	}
	check(json.NewDecoder(r.Body).Decode(&in))
	var out struct {
		Records                 []types.Record `json:",omitempty"`
		SequenceNumber, ShardId string
	}
	switch r.Header.Get("X-Amz-Target") {
	case "Kinesis_20131202.PutRecord":
		s.records = append(s.records, types.Record{Data: in.Data, PartitionKey: in.PartitionKey, SequenceNumber: aws.String("1")})
		out.SequenceNumber, out.ShardId = "1", "0"
	case "Kinesis_20131202.GetRecords":
		for _, record := range s.records {
			record.ApproximateArrivalTimestamp = nil
			out.Records = append(out.Records, record)
		}
	default:
		http.Error(w, "unknown", http.StatusBadRequest)
		return
	}
	check(json.NewEncoder(w).Encode(out))
}

// kinesisClient returns a client of a Kinesis server on loopback. Call end to stop the server.
func kinesisClient() (client *kinesis.Client, end func()) {
	server := httptest.NewServer(new(kinesisStream))
	return kinesis.New(kinesis.Options{
		Region: "eu-west-1", BaseEndpoint: aws.String(server.URL), HTTPClient: server.Client(),
		Credentials: credentials.NewStaticCredentialsProvider("id", "key", ""),
	}), server.Close
}

// A Kinesis record has no headers, so the headers are a part of its data.
func Example_kinesis() {
	client, end := kinesisClient()
	defer end()
	logger := lines().Hook(logctx.Hook(logctx.Config{}))

	ctx := handlerContext()
	check(kinesisPut(ctx, client, "orders", order{ID: "7"}))

	out, err := client.GetRecords(context.Background(), &kinesis.GetRecordsInput{ShardIterator: aws.String("0")})
	check(err)
	check(kinesisHandle(context.Background(), "orders", out.Records, func(ctx context.Context, o order) error {
		logger.Info().Ctx(ctx).Msgf("order %s", o.ID)
		logger.Info().Msg("without a context, too")
		return nil
	}))
	// Output:
	// order 7 trace_id=463ac35c9f6413ad
	// without a context, too trace_id=463ac35c9f6413ad
}
