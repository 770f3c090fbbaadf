package firehose_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"iter"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/firehose"
	"example.com/clew/audit/firehose/internal/fake"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if url := os.Getenv(childEnv); url != "" {
		sendUntilKilled(url)
		return
	}
	goleak.VerifyTestMain(m)
}

const (
	accessKey = "AKIAFAKEFAKEFAKEFAKE"
	secretKey = "fake/secret/key/that/no/error/may/have"
	token     = "fake-session-token-that-no-error-may-have"
)

// bucket keeps the objects that a fake stream has delivered.
type bucket struct {
	mu   sync.Mutex
	keys []string
	all  map[string][]byte
}

func (b *bucket) deliver(_ context.Context, key string, body []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.all == nil {
		b.all = map[string][]byte{}
	}
	b.keys = append(b.keys, key)
	b.all[key] = body
	return nil
}

// object is the JSON object in the line of an event.
type object struct {
	Timestamp  string            `json:"timestamp"`
	TraceID    string            `json:"trace_id"`
	App        string            `json:"app"`
	Message    string            `json:"message"`
	Context    map[string]string `json:"context"`
	TraceNames []string          `json:"trace_names"`
}

// objects returns the objects in lines. Each line must end with a newline.
func objects(t testing.TB, lines []byte) (all []object) {
	t.Helper()
	for line := range bytes.Lines(lines) {
		require.True(t, bytes.HasSuffix(line, []byte("\n")), "%q", line)
		var o object
		require.NoError(t, json.Unmarshal(line, &o), "%q", line)
		all = append(all, o)
	}
	return all
}

// events returns the events in the bucket, in the order in which their objects were delivered.
func (b *bucket) events(t testing.TB) (all []object) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, key := range b.keys {
		all = append(all, objects(t, b.all[key])...)
	}
	return all
}

// stream returns a fake stream with the name "audit". Its Close delivers the objects to the bucket
// b.
func stream(t testing.TB, b *bucket, fault func(call int, records [][]byte) fake.Fault) *fake.Stream {
	t.Helper()
	s, err := fake.New(fake.Config{Stream: "audit", SizeInMBs: 128, IntervalInSeconds: 900, Deliver: b.deliver, Fault: fault})
	require.NoError(t, err)
	return s
}

// handled is an HTTP client that calls a handler on the same goroutine, so it works in a bubble of
// synctest.
type handled struct{ http.Handler }

func (h handled) Do(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if err := r.Context().Err(); err != nil {
		return nil, fmt.Errorf("no answer: %w", err)
	}
	return w.Result(), nil
}

func config() aws.Config {
	return aws.Config{
		Region:       "eu-central-1",
		Credentials:  credentials.NewStaticCredentialsProvider(accessKey, secretKey, token),
		BaseEndpoint: aws.String("http://firehose.invalid"),
	}
}

// open opens a Sink for the stream "audit". The handler h gets the calls in memory, without a
// network.
func open(t testing.TB, h http.Handler, calls int) *firehose.Sink {
	t.Helper()
	a := config()
	a.HTTPClient = handled{h}
	s, err := firehose.Open(t.Context(), firehose.Config{Stream: "audit", AWS: &a, Calls: calls})
	require.NoError(t, err)
	return s
}

var start = time.Date(2026, 11, 27, 4, 15, 0, 123456000, time.UTC)

// numbered returns events with the numbers from first to last-1. The line of each event has about
// 250 bytes.
func numbered(first, last int) (all []audit.Event) {
	for n := first; n < last; n++ {
		all = append(all, audit.Event{
			Time: start.Add(time.Duration(n) * time.Microsecond), TraceID: "463ac35c9f6413ad", App: "media-api", Message: "image augmented",
			Context: map[string]string{"n": fmt.Sprint(n), "network": "instagram", "network_id": "1584258444344170009_249075471", "client_id": "3136"},
		})
	}
	return all
}

// wide returns n numbered events. The line of each event has about 10 KB, so 100 events fill a
// record.
func wide(n int) []audit.Event {
	all := numbered(0, n)
	for i := range all {
		all[i].Message = strings.Repeat("x", 10_000)
	}
	return all
}

// numbers returns the numbers of the events in the slice all.
func numbers(t testing.TB, all []object) (ns []int) {
	t.Helper()
	for _, o := range all {
		var n int
		_, err := fmt.Sscan(o.Context["n"], &n)
		require.NoError(t, err)
		ns = append(ns, n)
	}
	return ns
}

func upTo(n int) (all []int) {
	for i := range n {
		all = append(all, i)
	}
	return all
}

// sendAll sends events as a Logger does, and asserts that each Send sends at least one.
func sendAll(t testing.TB, s *firehose.Sink, events []audit.Event) {
	t.Helper()
	for len(events) > 0 {
		sent, refused, err := s.Send(t.Context(), slices.Values(events))
		require.NoError(t, err)
		require.Positive(t, sent)
		require.Zero(t, refused)
		events = events[sent:]
	}
}

var _ audit.Sink = (*firehose.Sink)(nil)

var none iter.Seq[audit.Event] = func(func(audit.Event) bool) {}
