package messagerequests

import (
	"context"
	"net/http"

	"github.com/segmentio/kafka-go"
)

func run(ctx context.Context, reader *kafka.Reader) {
	_, _ = http.Get("/ready")
	for {
		m, _ := reader.ReadMessage(ctx)
		req, _ := http.NewRequest("GET", m.Topic, nil) // want `http.NewRequest without the trace of m: use NewRequestWithContext\(ctx, …\), after ctx := propagator\.Extract\(ctx, …\) with a carrier over m\.Headers`
		_, _ = http.DefaultClient.Do(req)
	}
}
