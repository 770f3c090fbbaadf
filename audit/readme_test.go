package audit_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"testing"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/lake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// README.md shows the code of capture and whereIs verbatim.

// capture is a service that captures payments, and augments images.
func capture(ctx context.Context, dir, id, order string) error {
	l, err := audit.Open(audit.Config{Dir: dir, App: "media-api"})
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second) // a fresh one, not main's
		defer cancel()
		if err := l.Close(ctx); err != nil {
			log.Print(err) // says what was left behind
		}
	}()

	l.Log(ctx, "image augmented", slog.String("network", "instagram"), slog.String("network_id", id)) // never fails, never waits
	err = l.LogSync(ctx, "payment captured", slog.String("order", order))                             // returns when it is on disk
	return err
}

func whereIs(ctx context.Context, dir, id string) error {
	query := lake.Query{Context: map[string]string{"network_id": id}, Since: time.Now().Add(-2 * time.Hour)}
	for event, err := range lake.Find(ctx, query, nil, lake.Dir(dir)) {
		if err != nil {
			return err
		}
		fmt.Println(event.Time, event.App, event.Message, event.TraceID)
	}
	return nil
}

func TestReadme(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, capture(t.Context(), dir, "1584258444344170009", "A-17"))
	require.NoError(t, whereIs(t.Context(), dir, "1584258444344170009"))
	n, err := lake.Count(t.Context(), lake.Query{}, nil, lake.Dir(dir))
	require.NoError(t, err)
	assert.EqualValues(t, 2, n)
}
