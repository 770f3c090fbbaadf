package fake_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/audit/firehose/internal/fake"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bucket keeps the objects that a stream has delivered. While refuse is set, deliveries fail.
type bucket struct {
	mu     sync.Mutex
	keys   []string
	bodies []string
	refuse error
}

func (b *bucket) deliver(_ context.Context, key string, body []byte) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse != nil {
		return b.refuse
	}
	b.keys, b.bodies = append(b.keys, key), append(b.bodies, string(body))
	return nil
}

func (b *bucket) count() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.keys)
}

type record struct{ Data []byte }

func batch(stream string, records ...[]byte) string {
	in := struct {
		DeliveryStreamName string
		Records            []record
	}{DeliveryStreamName: stream, Records: []record{}}
	for _, r := range records {
		in.Records = append(in.Records, record{r})
	}
	text, _ := json.Marshal(in)
	return string(text)
}

func repeat(n int, r []byte) (all [][]byte) {
	for range n {
		all = append(all, r)
	}
	return all
}

func call(s *fake.Stream, operation, body string, change func(*http.Request)) (status int, kind string, answer map[string]any) {
	r := httptest.NewRequest(http.MethodPost, "http://firehose.invalid/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "Firehose_20150804."+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.1")
	r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIA/20261127/eu-central-1/firehose/aws4_request, SignedHeaders=host, Signature=0")
	if change != nil {
		change(r)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	_ = json.Unmarshal(w.Body.Bytes(), &answer)
	return w.Code, w.Header().Get("X-Amzn-ErrorType"), answer
}

func open(t testing.TB, cfg fake.Config) *fake.Stream {
	t.Helper()
	if cfg.Stream == "" {
		cfg.Stream = "audit"
	}
	s, err := fake.New(cfg)
	require.NoError(t, err)
	return s
}

func TestLimits(t *testing.T) {
	b := &bucket{}
	s := open(t, fake.Config{SizeInMBs: 128, IntervalInSeconds: 900, Deliver: b.deliver})
	full := bytes.Repeat([]byte("x"), 1000<<10)
	for _, tt := range []struct {
		name      string
		operation string
		body      string
		change    func(*http.Request)
		status    int
		kind      string
	}{
		{"500 records", "PutRecordBatch", batch("audit", repeat(500, []byte("x"))...), nil, 200, ""},
		{"501 records", "PutRecordBatch", batch("audit", repeat(501, []byte("x"))...), nil, 400, "ValidationException"},
		{"no records", "PutRecordBatch", batch("audit"), nil, 400, "ValidationException"},
		{"a record that is one byte too large", "PutRecordBatch", batch("audit", append(full[:len(full):len(full)], 'x')), nil, 400, "ValidationException"},
		{"3 full records", "PutRecordBatch", batch("audit", full, full, full), nil, 200, ""},
		{"4 full records, in base64", "PutRecordBatch", batch("audit", full, full, full, full), nil, 400, "InvalidArgumentException"},
		{"empty data", "PutRecordBatch", batch("audit", []byte("x"), []byte{}), nil, 400, "InvalidArgumentException"},
		{"no data", "PutRecordBatch", `{"DeliveryStreamName":"audit","Records":[{}]}`, nil, 400, "ValidationException"},
		{"data that is not base64", "PutRecordBatch", `{"DeliveryStreamName":"audit","Records":[{"Data":"!"}]}`, nil, 400, "SerializationException"},
		{"a body that is not JSON", "PutRecordBatch", `{`, nil, 400, "SerializationException"},
		{"no stream", "PutRecordBatch", `{"Records":[{"Data":"eA=="}]}`, nil, 400, "ValidationException"},
		{"an invalid name of a stream", "PutRecordBatch", batch("a b", []byte("x")), nil, 400, "ValidationException"},
		{"another stream", "PutRecordBatch", batch("other", []byte("x")), nil, 400, "ResourceNotFoundException"},
		{"one record", "PutRecord", `{"DeliveryStreamName":"audit","Record":{"Data":"eA=="}}`, nil, 200, ""},
		{"no record", "PutRecord", `{"DeliveryStreamName":"audit"}`, nil, 400, "ValidationException"},
		{"another operation", "ListDeliveryStreams", `{}`, nil, 400, "UnknownOperationException"},
		{"not signed", "PutRecord", `{}`, func(r *http.Request) { r.Header.Del("Authorization") }, 400, "MissingAuthenticationTokenException"},
		{"signed for another service", "PutRecord", `{}`, func(r *http.Request) {
			r.Header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=A/d/r/s3/aws4_request")
		}, 400, "MissingAuthenticationTokenException"},
		{"GET", "PutRecord", `{}`, func(r *http.Request) { r.Method = http.MethodGet }, 400, "UnknownOperationException"},
		{"JSON 1.0", "PutRecord", `{}`, func(r *http.Request) { r.Header.Set("Content-Type", "application/x-amz-json-1.0") }, 400, "UnknownOperationException"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			status, kind, answer := call(s, tt.operation, tt.body, tt.change)
			assert.Equal(t, tt.status, status, "%v", answer)
			assert.Equal(t, tt.kind, kind)
			if tt.kind != "" {
				assert.Equal(t, tt.kind, answer["__type"])
			}
		})
	}
	require.NoError(t, s.Close())
	assert.Equal(t, 500+3*len(full)+1, len(strings.Join(b.bodies, "")), "records that were refused are not delivered")
	status, kind, _ := call(s, "PutRecordBatch", batch("audit", []byte("x")), nil)
	assert.Equal(t, 503, status, kind)
}

func TestFaults(t *testing.T) {
	b := &bucket{}
	s := open(t, fake.Config{Deliver: b.deliver, IntervalInSeconds: 900, Fault: func(call int, records [][]byte) fake.Fault {
		switch call {
		case 1:
			return fake.Fault{Refuse: []int{1}}
		case 2:
			return fake.Fault{Code: "ServiceUnavailableException", Message: "Slow down."}
		}
		return fake.Fault{}
	}})
	status, _, answer := call(s, "PutRecordBatch", batch("audit", []byte("a"), []byte("b"), []byte("c")), nil)
	assert.Equal(t, 200, status)
	assert.EqualValues(t, 1, answer["FailedPutCount"])
	entries := answer["RequestResponses"].([]any)
	require.Len(t, entries, 3)
	assert.NotEmpty(t, entries[0].(map[string]any)["RecordId"])
	assert.Equal(t, map[string]any{"ErrorCode": "ServiceUnavailableException", "ErrorMessage": "Slow down."}, entries[1])
	status, kind, _ := call(s, "PutRecordBatch", batch("audit", []byte("d")), nil)
	assert.Equal(t, 503, status)
	assert.Equal(t, "ServiceUnavailableException", kind)
	require.NoError(t, s.Close())
	assert.Equal(t, []string{"ac"}, b.bodies)
}

func TestBuffering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bucket{}
		s := open(t, fake.Config{SizeInMBs: 1, IntervalInSeconds: 60, Deliver: b.deliver})
		call(s, "PutRecordBatch", batch("audit", []byte("a\n"), []byte("b\n")), nil)
		time.Sleep(59 * time.Second)
		call(s, "PutRecordBatch", batch("audit", []byte("c\n")), nil)
		synctest.Wait()
		assert.Zero(t, b.count())
		time.Sleep(time.Second)
		synctest.Wait()
		require.Equal(t, []string{"a\nb\nc\n"}, b.bodies, "an object must be delivered 60 s after its first record, and contain the records without separators")
		assert.Regexp(t, `^2000/01/01/00/audit-1-2000-01-01-00-00-00-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$`, b.keys[0], "the time in the key must be that of the first record")

		half := bytes.Repeat([]byte("x"), 512<<10)
		call(s, "PutRecordBatch", batch("audit", half), nil)
		synctest.Wait()
		assert.Equal(t, 1, b.count())
		call(s, "PutRecordBatch", batch("audit", half), nil)
		synctest.Wait()
		require.Equal(t, 2, b.count(), "a buffer of 1 MiB is full and must be delivered")
		time.Sleep(time.Hour)
		synctest.Wait()
		assert.Equal(t, 2, b.count(), "an empty buffer must not be delivered")

		b.refuse = errors.New("bucket: 503")
		call(s, "PutRecordBatch", batch("audit", []byte("d")), nil)
		time.Sleep(10 * time.Minute)
		b.mu.Lock()
		b.refuse = nil
		b.mu.Unlock()
		time.Sleep(time.Second)
		synctest.Wait()
		assert.Equal(t, 3, b.count(), "an object that is refused is offered again")
		b.refuse = errors.New("bucket: 403")
		call(s, "PutRecordBatch", batch("audit", []byte("e")), nil)
		assert.ErrorContains(t, s.Close(), "bucket: 403")
	})
}

func TestGzip(t *testing.T) {
	b := &bucket{}
	s := open(t, fake.Config{IntervalInSeconds: 900, Gzip: true, Deliver: b.deliver})
	call(s, "PutRecordBatch", batch("audit", []byte("a\n"), []byte("b\n")), nil)
	require.NoError(t, s.Close())
	assert.True(t, strings.HasSuffix(b.keys[0], ".gz"), b.keys[0])
	z, err := gzip.NewReader(strings.NewReader(b.bodies[0]))
	require.NoError(t, err)
	text, err := io.ReadAll(z)
	require.NoError(t, err)
	assert.Equal(t, "a\nb\n", string(text))
}

func TestPrefix(t *testing.T) {
	const failed = "failed/!{firehose:error-output-type}/"
	for _, tt := range []struct {
		name, prefix, failed string
		want                 string // a regular expression, for the time 2000-01-01 00:00:00
	}{
		{"no prefix", "", "", `2000/01/01/00/`},
		{"literal", "events/", "", `events/2000/01/01/00/`},
		{"literal, no slash", "events-", "", `events-2000/01/01/00/`},
		{"time", "events/!{timestamp:yyyy/MM/dd/HH}/", failed, `events/2000/01/01/00/`},
		{"partitions of Hive", "year=!{timestamp:yyyy}/month=!{timestamp:MM}/day=!{timestamp:d}/", failed, `year=2000/month=01/day=1/`},
		{"quotes", "!{timestamp:'y'=yy'' 'D'=DDD}", failed, `y=00' D=001`},
		{"random", "!{firehose:random-string}/!{firehose:random-string}/", failed, `[a-z0-9]{11}/[a-z0-9]{11}/`},
		{"minutes", "!{timestamp:HH:mm:ss}", failed, `00:00:00`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &bucket{}
				s := open(t, fake.Config{IntervalInSeconds: 900, Prefix: tt.prefix, ErrorOutputPrefix: tt.failed, Deliver: b.deliver})
				call(s, "PutRecordBatch", batch("audit", []byte("a")), nil)
				require.NoError(t, s.Close())
				assert.Regexp(t, "^"+tt.want+"audit-1-2000-01-01-00-00-00-", b.keys[0])
			})
		})
	}
}

func TestNewRefuses(t *testing.T) {
	const failed = "failed/!{firehose:error-output-type}/"
	for _, tt := range []struct {
		name string
		cfg  fake.Config
		want string
	}{
		{"an invalid name of a stream", fake.Config{Stream: "a b"}, "stream's name"},
		{"a size that is too small", fake.Config{Stream: "a", SizeInMBs: -1}, "SizeInMBs is -1"},
		{"a size that is too large", fake.Config{Stream: "a", SizeInMBs: 129}, "SizeInMBs is 129"},
		{"an interval that is too long", fake.Config{Stream: "a", IntervalInSeconds: 901}, "IntervalInSeconds is 901"},
		{"expressions without an error prefix", fake.Config{Stream: "a", Prefix: "!{timestamp:yyyy}"}, "ErrorOutputPrefix can't be null"},
		{"an error prefix without the error type", fake.Config{Stream: "a", Prefix: "!{timestamp:yyyy}", ErrorOutputPrefix: "!{timestamp:yyyy}/failed/"}, "needs !{firehose:error-output-type}"},
		{"the error type in the prefix", fake.Config{Stream: "a", Prefix: failed, ErrorOutputPrefix: failed}, "can't contain !{firehose:error-output-type}"},
		{"an unknown expression", fake.Config{Stream: "a", Prefix: "!{firehose:other}", ErrorOutputPrefix: failed}, "!{firehose:other} is unknown"},
		{"partition keys", fake.Config{Stream: "a", Prefix: "!{partitionKeyFromQuery:app}", ErrorOutputPrefix: failed}, "needs dynamic partitioning"},
		{"an expression that is not closed", fake.Config{Stream: "a", Prefix: "!{timestamp:yyyy", ErrorOutputPrefix: failed}, "the sequence !{"},
		{"an expression without a namespace", fake.Config{Stream: "a", Prefix: "!{yyyy}", ErrorOutputPrefix: failed}, "the sequence !{"},
		{"an invalid time pattern", fake.Config{Stream: "a", Prefix: "!{timestamp:VV}", ErrorOutputPrefix: failed}, "DateTimeFormatter"},
		{"a quote that is not closed", fake.Config{Stream: "a", Prefix: "!{timestamp:'yyyy}", ErrorOutputPrefix: failed}, "not closed"},
		{"a prefix that is too long", fake.Config{Stream: "a", Prefix: strings.Repeat("x", 513)}, "512 characters"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := fake.New(tt.cfg)
			assert.ErrorContains(t, err, tt.want)
		})
	}
}
