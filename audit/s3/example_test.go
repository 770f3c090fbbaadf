package s3_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/lake"
	"example.com/clew/audit/s3"
	"github.com/aws/aws-sdk-go-v2/aws"
)

// serve is the service in the README.
func serve(ctx context.Context) error {
	store, err := s3.Open(ctx, s3.Config{URL: "s3://my-audit/media"})
	if err != nil {
		return err
	}
	defer store.Close()
	l, err := audit.Open(audit.Config{Dir: "/var/lib/media/audit", App: "media-api", Store: store})
	if err != nil {
		return err
	}
	l.Log(ctx, "image augmented", slog.String("item", "XYZ.123"))

	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return l.Close(closing) // uploads the rest; an error says how much waits in Dir for the next Open
}

// search is the search in the README.
func search(ctx context.Context) error {
	store, err := s3.Open(ctx, s3.Config{URL: "s3://my-audit/media", Cache: "/var/cache/clew-audit"})
	if err != nil {
		return err
	}
	defer store.Close()
	query := lake.Query{Context: map[string]string{"item": "XYZ.123"}, Since: time.Now().Add(-2 * time.Hour)}
	for event, err := range lake.Find(ctx, query, nil, store) {
		if err != nil {
			return err
		}
		fmt.Println(event.Time, event.App, event.Message, event.TraceID)
	}
	return nil
}

var _, _ = serve, search

func Example() {
	// This example uses a server of your own. Without Config.AWS, the SDK reads
	// AWS_ENDPOINT_URL_S3, AWS_REGION and the credentials from the environment.
	store, err := s3.Open(context.Background(), s3.Config{
		URL: "s3://my-audit/media",
		AWS: &aws.Config{BaseEndpoint: aws.String("https://s3.example.net")},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer store.Close()
	dir, err := os.MkdirTemp("", "audit")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	l, err := audit.Open(audit.Config{Dir: dir, App: "media-api", Store: store})
	if err != nil {
		log.Fatal(err)
	}
	if err := l.Close(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(store, store.Requests().Puts)
	// Output: s3://my-audit/media 0
}
