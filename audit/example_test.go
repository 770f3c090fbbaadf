package audit_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"os"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/audittest"
	"example.com/clew/audit/lake"
	"example.com/clew/trace"
)

func Example() {
	dir, err := os.MkdirTemp("", "audit")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	l, err := audit.Open(audit.Config{Dir: dir, App: "media-api"})
	if err != nil {
		log.Fatal(err)
	}
	ctx, span := trace.Start(context.Background(), "augment")
	defer span.End()

	id := "1584258444344170009" // from the request
	l.Log(ctx, "image augmented", slog.String("network", "instagram"), slog.String("network_id", id))
	fmt.Println(l.Stats().Accepted, "event")

	// Close needs a fresh timeout, because the context of the shutdown has ended.
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := l.Close(ctx); err != nil {
		log.Print(err)
	}
	// Output: 1 event
}

func ExampleLogger_LogSync() {
	dir, err := os.MkdirTemp("", "audit")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	l, err := audit.Open(audit.Config{Dir: dir, App: "shop"})
	if err != nil {
		log.Fatal(err)
	}

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if err := l.LogSync(ctx, "payment captured", slog.String("order", "A-17")); err != nil {
		fmt.Println("do not tell the customer yet:", err)
	}
	fmt.Println(l.Stats().Written, "event is on disk")

	if err := l.Close(ctx); err != nil {
		log.Print(err)
	}
	// Output: 1 event is on disk
}

// Give Close a fresh timeout. It returns nil when all events are in Parquet files.
func ExampleLogger_Close() {
	dir, err := os.MkdirTemp("", "audit")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	serving, sigterm := context.WithCancel(context.Background()) // in a service: signal.NotifyContext
	l, err := audit.Open(audit.Config{Dir: dir, App: "media-api"})
	if err != nil {
		log.Fatal(err)
	}
	l.Log(serving, "image augmented", slog.String("network", "instagram"))
	sigterm()

	closing, cancel := context.WithTimeout(context.WithoutCancel(serving), 10*time.Second)
	defer cancel()
	fmt.Println(l.Close(closing))
	// Output: <nil>
}

// slowStore is a store whose Put waits until its context ends.
type slowStore struct{ lake.Store }

func (slowStore) Put(ctx context.Context, _ string, _ io.ReaderAt, _ int64) error {
	<-ctx.Done()
	return ctx.Err()
}

// Close does not wait if its context has ended already, such as the context that a signal ends at
// the beginning of the shutdown. The events stay in the journal. The next Open of the directory
// makes Parquet files of them. In a container, there may be no next Open, because the disk is
// deleted with the container.
func ExampleLogger_Close_incorrect() {
	dir, err := os.MkdirTemp("", "audit")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	serving, sigterm := context.WithCancel(context.Background())
	l, err := audit.Open(audit.Config{Dir: dir, App: "media-api", Store: slowStore{lake.Dir(dir)}})
	if err != nil {
		log.Fatal(err)
	}
	l.Log(serving, "image augmented", slog.String("network", "instagram"))
	sigterm()

	err = l.Close(serving) // wrong: serving has ended
	fmt.Println(errors.Is(err, context.Canceled))

	// This second call only ends the goroutines of the example. The events stay in the journal.
	l.Close(context.Background())
	// Output: true
}

// A library may log to a nil Logger: the events are dropped.
func ExampleLogger_nil() {
	var l *audit.Logger
	l.Log(context.Background(), "post deduplicated", slog.String("item", "XYZ.123"))
	fmt.Println(l.Stats().Accepted)
	// Output: 0
}

// A Filter keeps the events of one client, and adds a name to their trace_names.
func ExampleFilter() {
	filter := func(batch []audit.Candidate) {
		for _, c := range batch {
			if client, _ := c.Value("client_id"); client == "3136" {
				c.Pass("client 3136")
			} else {
				c.Discard()
			}
		}
	}

	// In a service: audit.Open(audit.Config{Dir: dir, App: "media-api", Filter: filter}).
	batch := audittest.Candidates(
		audit.Event{Message: "image augmented", Context: map[string]string{"client_id": "3136"}},
		audit.Event{Message: "image augmented", Context: map[string]string{"client_id": "4711"}})
	filter(batch)
	for _, c := range batch {
		fmt.Println(c.Discarded(), c.Names())
	}
	// Output:
	// false [client 3136]
	// true []
}
