package firehose_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"net/http/httptest"
	"os"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/firehose"
	"example.com/clew/audit/firehose/internal/fake"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
)

// augment sends the events of a service to the stream "audit". The journal in dir keeps the events
// until Firehose has taken them.
func augment(ctx context.Context, dir string, cfg *aws.Config, ids ...string) error {
	sink, err := firehose.Open(ctx, firehose.Config{Stream: "audit", AWS: cfg})
	if err != nil {
		return err
	}
	defer sink.Close() // after the Logger
	l, err := audit.Open(audit.Config{Dir: dir, App: "media-api", Sink: sink})
	if err != nil {
		return err
	}
	for _, id := range ids {
		l.Log(ctx, "image augmented", slog.String("network", "instagram"), slog.String("network_id", id))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return l.Close(ctx) // an error says how many events wait in the journal for the next Open
}

func Example() {
	// The example prints the objects that a fake of Firehose delivers. A service leaves Config.AWS
	// nil.
	stream, err := fake.New(fake.Config{Stream: "audit", Deliver: func(_ context.Context, _ string, body []byte) error {
		fmt.Printf("%s", body[len(`{"timestamp":"2026-11-27T04:15:00.123456Z",`):])
		return nil
	}})
	if err != nil {
		log.Fatal(err)
	}
	server := httptest.NewServer(stream)
	defer server.Close()
	dir, err := os.MkdirTemp("", "audit")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	cfg := aws.Config{Region: "eu-central-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("AKIA", "secret", "")}
	if err := augment(context.Background(), dir, &cfg, "1584258444344170009"); err != nil {
		log.Fatal(err)
	}
	if err := stream.Close(); err != nil {
		log.Fatal(err)
	}
	// Output:
	// "trace_id":"","app":"media-api","message":"image augmented","context":{"network":"instagram","network_id":"1584258444344170009"},"trace_names":[]}
}
