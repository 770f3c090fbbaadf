// Package examples_test compares README and the other documents with the code.
package examples_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/internal/line"
	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"example.com/clew/workerpool"
	"github.com/rs/zerolog"
	"github.com/rs/zerolog/log"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"
)

// After README's four steps, every line in a trace has the ID, even in code without a context.
func TestFourSteps(t *testing.T) {
	defer func(global zerolog.Logger, context *zerolog.Logger, std *slog.Logger, stderr *os.File, transport http.RoundTripper) {
		log.Logger, zerolog.DefaultContextLogger, os.Stderr, http.DefaultTransport = global, context, stderr, transport
		slog.SetDefault(std)
	}(log.Logger, zerolog.DefaultContextLogger, slog.Default(), os.Stderr, http.DefaultTransport)
	lines, err := os.Create(filepath.Join(t.TempDir(), "stderr"))
	require.NoError(t, err)
	defer lines.Close()
	os.Stderr, http.DefaultTransport = lines, otherService{}
	synctest.Test(t, fourSteps)

	_, err = lines.Seek(0, io.SeekStart)
	require.NoError(t, err)
	text, err := io.ReadAll(lines)
	require.NoError(t, err)
	seen, n := map[string]string{}, 0
	for raw := range bytes.Lines(text) {
		l, err := line.Parse(raw)
		require.NoError(t, err, "line %s", raw)
		assert.Equal(t, "media-api", l.Service, "service of the line %s", raw)
		seen[l.Message] = l.TraceID
		n++
	}
	assert.Equal(t, 8, n, "number of lines: %s", text)
	refreshed := seen["refreshed"]
	assert.Regexp(t, "^[0-9a-f]{32}$", refreshed, "trace ID of the scheduled run, which has a new trace")
	delete(seen, "refreshed")
	assert.Equal(t, map[string]string{
		"starting": "", "by zerolog's": theirs, "by slog's": theirs, "counted": theirs, "loaded": theirs, "request": theirs,
	}, seen, "trace IDs of the lines")
}

const theirs = testkit.ID64

// otherService is a transport that answers with the trace ID of the request.
type otherService struct{}

func (otherService) RoundTrip(r *http.Request) (*http.Response, error) {
	said := "asked by " + r.Header.Get("X-B3-TraceId")
	return &http.Response{StatusCode: http.StatusOK, Body: io.NopCloser(strings.NewReader(said)), Request: r}, nil
}

func fourSteps(t *testing.T) {
	// 1.
	logger := logctx.New(os.Stderr, logctx.Config{Service: "media-api"})
	log.Logger, zerolog.DefaultContextLogger = logger, &logger
	slog.SetDefault(slog.New(logctx.Slog(slog.NewJSONHandler(os.Stderr, nil), logctx.Config{Service: "media-api"})))

	log.Info().Msg("starting")

	// 3.
	client := httpclient.Wrap(http.DefaultClient, httpclient.Config{})

	url := "http://image-store.example/size"
	count := func(ctx context.Context) { logctx.Info(ctx).Msg("counted") }
	load := func(ctx context.Context) error { logctx.Info(ctx).Msg("loaded"); return nil }
	mux := http.NewServeMux()
	mux.HandleFunc("GET /media/{id}", func(w http.ResponseWriter, r *http.Request) {
		ctx := r.Context()
		log.Info().Msg("by zerolog's")
		slog.Info("by slog's")

		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		require.NoError(t, err)
		resp, err := client.Do(req)
		require.NoError(t, err)
		defer resp.Body.Close()
		io.Copy(w, resp.Body)

		var group errgroup.Group
		// 4.
		workerpool.Go(ctx, count)                                // nobody waits
		time.AfterFunc(time.Second, workerpool.Wrap(ctx, count)) // nobody waits; a timer or other people's pool runs it
		group.Go(workerpool.WrapErr(ctx, load))                  // somebody waits: errgroup, conc

		require.NoError(t, group.Wait())
	})

	// 2.
	handler := httpmw.AccessLog(httpmw.AccessLogConfig{})(mux)
	handler = httpmw.New(httpmw.Config{Logger: &logger, Implicit: true})(handler)

	ctx, stop := context.WithCancel(t.Context())
	go workerpool.Every(ctx, time.Minute, func(ctx context.Context) { zerolog.Ctx(ctx).Info().Msg("refreshed") })

	r := httptest.NewRequest(http.MethodGet, "/media/7", nil)
	r.Header.Set("X-B3-TraceId", theirs)
	r.Header.Set("X-B3-SpanId", testkit.SpanID)
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	assert.Equal(t, "asked by "+theirs, w.Body.String())

	time.Sleep(90 * time.Second)
	stop()
	synctest.Wait()
}
