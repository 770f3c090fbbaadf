package firehose_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/firehose"
	"example.com/clew/audit/firehose/internal/fake"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// seen keeps the records of each call that a fake stream has received.
type seen struct {
	mu    sync.Mutex
	calls [][][]byte
}

func (s *seen) add(records [][]byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, records)
}

// Records are as full as possible, and no event is split.
func TestPacking(t *testing.T) {
	const events = 13_000
	b, calls := &bucket{}, &seen{}
	s := stream(t, b, func(_ int, records [][]byte) fake.Fault { calls.add(records); return fake.Fault{} })
	sink := open(t, s, 0)
	sendAll(t, sink, numbered(0, events))
	require.NoError(t, s.Close())
	all := b.events(t)
	assert.Equal(t, upTo(events), numbers(t, all), "calls one after the other keep the order")
	assert.Equal(t, want(t, numbered(7, 8)[0]), all[7])

	var n, size, billed int64
	for c, records := range calls.calls {
		assert.LessOrEqual(t, len(records), 3)
		for r, record := range records {
			objects(t, record) // whole lines
			n, size = n+1, size+int64(len(record))
			billed += int64((len(record) + 5119) / 5120 * 5120)
			if c+1 < len(calls.calls) || r+1 < len(records) {
				assert.Greater(t, len(record), firehose.MaxRecord-300, "record %d of call %d", r, c)
			}
		}
	}
	stats := sink.Stats()
	assert.Equal(t, firehose.Stats{Events: events, Records: n, Bytes: size, BilledBytes: billed, Calls: int64(len(calls.calls))}, stats)
	assert.Less(t, float64(stats.BilledBytes)/float64(stats.Bytes), 1.003, "rounding up must cost less than 0.3 %")
	require.NoError(t, sink.Close())
}

// Only the records that Firehose has refused are sent again.
func TestPartialFailures(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, calls := &bucket{}, &seen{}
		s := stream(t, b, func(call int, records [][]byte) fake.Fault {
			calls.add(records)
			switch call {
			case 1:
				return fake.Fault{Refuse: []int{0, 2}}
			case 2:
				return fake.Fault{Refuse: []int{1}}
			}
			return fake.Fault{}
		})
		sink := open(t, s, 1)
		events := wide(320)
		began := time.Now()
		sent, refused, err := sink.Send(t.Context(), slices.Values(events))
		require.NoError(t, err)
		assert.Zero(t, refused)
		assert.Less(t, time.Since(began), 250*time.Millisecond, "pauses must be short again after records were taken")
		require.Len(t, calls.calls, 3)
		first := calls.calls[0]
		require.Len(t, first, 3)
		assert.Equal(t, [][]byte{first[0], first[2]}, calls.calls[1])
		assert.Equal(t, [][]byte{first[2]}, calls.calls[2])
		require.NoError(t, s.Close())
		assert.Equal(t, upTo(sent), slices.Sorted(slices.Values(numbers(t, b.events(t)))), "each event must arrive once")
		st := sink.Stats()
		assert.EqualValues(t, []int64{3, 2, 0, 3, 3, 3}, []int64{st.Calls, st.Retries, st.FailedCalls, st.FailedRecords, st.Throttled, st.Records})
	})
}

// If Firehose never takes a record, the events before it count as sent. The Logger offers all
// other events again.
func TestRefusedRecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &bucket{}
		var one []byte // the second record
		s := stream(t, b, func(_ int, records [][]byte) fake.Fault {
			if one == nil {
				one = records[1]
			}
			if i := slices.IndexFunc(records, func(r []byte) bool { return slices.Equal(r, one) }); i >= 0 {
				return fake.Fault{Refuse: []int{i}}
			}
			return fake.Fault{}
		})
		sink := open(t, s, 1)
		began := time.Now()
		sent, refused, err := sink.Send(t.Context(), slices.Values(wide(320)))
		assert.Zero(t, refused)
		assert.EqualError(t, err, "firehose: stream audit: PutRecordBatch: ServiceUnavailableException: Slow down.")
		assert.InDelta(t, 65, time.Since(began).Seconds(), 6, "Send must give up after a minute without progress and the last pause")
		require.NoError(t, s.Close())
		got := numbers(t, b.events(t))
		assert.Equal(t, upTo(sent), got[:sent])
		assert.Greater(t, len(got), sent, "the third record was taken, so its events will arrive twice")
	})
}

// Send returns an error of Firehose at once. If the call may succeed later, Send tries for a
// minute first.
func TestRefusals(t *testing.T) {
	const leak = "The Canonical String should have been 'POST\n/\n\nx-amz-security-token:" + token + "'"
	for _, tt := range []struct {
		name      string
		fault     fake.Fault
		want      string
		throttled bool
		patient   bool // Send tries for a minute
	}{
		{"unavailable", fake.Fault{Code: "ServiceUnavailableException", Message: "Slow\x1b[31m down\n\u202e"}, "ServiceUnavailableException: Slow [31m down  ", true, true},
		{"limit exceeded", fake.Fault{Code: "LimitExceededException", Message: "Too much."}, "LimitExceededException: Too much.", true, true},
		{"throttling", fake.Fault{Code: "ThrottlingException", Message: "Rate exceeded"}, "ThrottlingException: Rate exceeded", true, true},
		{"access denied", fake.Fault{Code: "AccessDeniedException", Message: "not authorized"}, "AccessDeniedException: not authorized", false, false},
		{"a wrong signature", fake.Fault{Code: "InvalidSignatureException", Message: leak}, "InvalidSignatureException", false, false},
		{"a token in the message", fake.Fault{Code: "OtherException", Message: leak}, "OtherException", false, false},
		{"a long message", fake.Fault{Code: "OtherException", Message: strings.Repeat("x", 100_000)}, "OtherException: xxx", false, false},
		{"an answer that is not JSON", fake.Fault{Body: "<html>\x1b[31m"}, "", false, false},
		{"too few answers", fake.Fault{Body: `{"FailedPutCount":0,"RequestResponses":[]}`}, "it answered for 0 of 1 records", false, false},
		{"no record ID", fake.Fault{Body: `{"FailedPutCount":0,"RequestResponses":[{}]}`}, "", false, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := stream(t, &bucket{}, func(int, [][]byte) fake.Fault { return tt.fault })
				sink := open(t, s, 1)
				began := time.Now()
				sent, refused, err := sink.Send(t.Context(), slices.Values(numbered(0, 10)))
				assert.Zero(t, sent+refused)
				require.ErrorContains(t, err, "firehose: stream audit: PutRecordBatch: "+tt.want)
				for _, secret := range []string{secretKey, token, accessKey, "\x1b", "\n", "\u202e"} {
					assert.NotContains(t, err.Error(), secret)
				}
				assert.Less(t, len(err.Error()), 700)
				assert.Equal(t, tt.patient, time.Since(began) > time.Minute, "%s", time.Since(began))
				st := sink.Stats()
				assert.Equal(t, tt.throttled, st.Throttled > 0)
				assert.Equal(t, tt.patient, st.Retries > 0)
				assert.Less(t, st.Calls, int64(20), "pauses must grow, so that there are few calls")
				require.NoError(t, s.Close())
			})
		})
	}
}

// If the stream does not exist, Send returns the error at once.
func TestUnknownStream(t *testing.T) {
	s := stream(t, &bucket{}, nil)
	a := config()
	a.HTTPClient = handled{s}
	sink, err := firehose.Open(t.Context(), firehose.Config{Stream: "other", AWS: &a})
	require.NoError(t, err)
	_, _, err = sink.Send(t.Context(), slices.Values(numbered(0, 1)))
	assert.EqualError(t, err, "firehose: stream other: PutRecordBatch: ResourceNotFoundException: Firehose other under account 123456789012 not found.")
}

// A call that gets no answer ends after 30 seconds and is repeated, so its records may arrive
// twice.
func TestNoAnswer(t *testing.T) {
	for _, taken := range []bool{false, true} {
		t.Run(fmt.Sprint("taken ", taken), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &bucket{}
				s := stream(t, b, func(call int, _ [][]byte) fake.Fault { return fake.Fault{Hang: call == 1, Taken: taken} })
				sink := open(t, s, 1)
				began := time.Now()
				sendAll(t, sink, numbered(0, 10))
				assert.InDelta(t, 30, time.Since(began).Seconds(), 0.2)
				require.NoError(t, s.Close())
				once := upTo(10)
				if taken {
					once = append(once, once...)
				}
				assert.Equal(t, once, numbers(t, b.events(t)))
				st := sink.Stats()
				assert.Equal(t, []int64{10, 2, 1, 1}, []int64{st.Events, st.Calls, st.Retries, st.FailedCalls})
			})
		})
	}
}

// Send ends when its context ends, both during a call and during a pause.
func TestContextEnds(t *testing.T) {
	for name, fault := range map[string]fake.Fault{"in a call": {Hang: true}, "in a pause": {Code: "ServiceUnavailableException"}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := stream(t, &bucket{}, func(int, [][]byte) fake.Fault { return fault })
				sink := open(t, s, 1)
				why := errors.New("ten seconds are over")
				ctx, cancel := context.WithTimeoutCause(t.Context(), 10*time.Second, why)
				defer cancel()
				began := time.Now()
				sent, refused, err := sink.Send(ctx, slices.Values(numbered(0, 10)))
				assert.Equal(t, 10*time.Second, time.Since(began))
				assert.Zero(t, sent+refused)
				assert.ErrorIs(t, err, why)
				require.NoError(t, s.Close())
			})
		})
	}
}

// An event that is too large for a record is named in the error, and does not block later events.
func TestTooLarge(t *testing.T) {
	b := &bucket{}
	s := stream(t, b, nil)
	sink := open(t, s, 1)
	l, err := audit.Open(audit.Config{Dir: t.TempDir(), App: "app", Sink: sink, MaxEvent: audit.MaxEvent})
	require.NoError(t, err)
	l.Log(t.Context(), "before", slog.Int("n", 0))
	require.NoError(t, l.Sync(t.Context()))
	l.Log(t.Context(), "large\x1b[31m", slog.String("text", strings.Repeat("\x01", 200_000)))
	require.NoError(t, l.Sync(t.Context()))
	l.Log(t.Context(), "after", slog.Int("n", 1))
	require.NoError(t, l.Close(t.Context()))
	require.NoError(t, s.Close())
	assert.Equal(t, []int{0, 1}, numbers(t, b.events(t)))
	assert.EqualValues(t, 1, sink.Stats().TooBig)
	st := l.Stats()
	assert.Equal(t, []int64{2, 1, 0}, []int64{st.Sent, st.Refused, st.Unsent})
	assert.Contains(t, st.LastError, `is too large for a record, and is lost: its line has 1200`)
	assert.Contains(t, st.LastError, `message "large\x1b[31m"`)
}

// The largest event that the default MaxEvent allows fits into a record, whatever bytes the event
// contains.
func TestDefaultEventsFit(t *testing.T) {
	b := &bucket{}
	s := stream(t, b, nil)
	sink := open(t, s, 1)
	l, err := audit.Open(audit.Config{Dir: t.TempDir(), App: strings.Repeat("\x01", 1<<10), Sink: sink, Filter: func(batch []audit.Candidate) {
		for _, c := range batch {
			c.Pass(strings.Repeat("\x02", 64<<10-3))
		}
	}})
	require.NoError(t, err)
	l.Log(t.Context(), strings.Repeat("\x01", 64<<10-100))
	require.NoError(t, l.Close(t.Context()))
	require.NoError(t, s.Close())
	require.Len(t, b.events(t), 1)
	assert.Len(t, b.events(t)[0].TraceNames, 1)
	assert.EqualValues(t, 1, l.Stats().Sent)
}

// As many calls run at once as Config.Calls says.
func TestCallsAtOnce(t *testing.T) {
	for _, calls := range []int{1, 2} {
		t.Run(fmt.Sprint(calls), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := &bucket{}
				var running, most atomic.Int64
				s := stream(t, b, func(int, [][]byte) fake.Fault {
					most.Store(max(most.Load(), running.Add(1)))
					time.Sleep(time.Second)
					running.Add(-1)
					return fake.Fault{}
				})
				sink := open(t, s, calls)
				sendAll(t, sink, wide(600))
				require.NoError(t, s.Close())
				assert.EqualValues(t, calls, most.Load())
				assert.Equal(t, upTo(600), slices.Sorted(slices.Values(numbers(t, b.events(t)))))
			})
		})
	}
}

// A panic of the HTTP client becomes an error, even if calls run at once on other goroutines.
func TestPanics(t *testing.T) {
	for _, calls := range []int{1, 4} {
		sink := open(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("bad client") }), calls)
		l, err := audit.Open(audit.Config{Dir: t.TempDir(), App: "app", Sink: sink})
		require.NoError(t, err)
		for _, e := range numbered(0, 15_000) {
			require.NoError(t, l.Ingest(t.Context(), e))
		}
		err = l.Close(t.Context())
		assert.ErrorContains(t, err, "panic: bad client")
		assert.ErrorContains(t, err, "15000 events are not sent")
	}
}

// The stream refuses all calls for an hour. Afterwards all events arrive, once and in order.
func TestHour(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		b := &bucket{}
		back := time.Now().Add(time.Hour)
		s := stream(t, b, func(int, [][]byte) fake.Fault {
			if time.Now().Before(back) {
				return fake.Fault{Code: "ServiceUnavailableException", Message: "Slow down."}
			}
			return fake.Fault{}
		})
		sink := open(t, s, 1)
		l, err := audit.Open(audit.Config{Dir: dir, App: "app", Sink: sink})
		require.NoError(t, err)
		for n := range 300 {
			l.Log(t.Context(), "m", slog.Int("n", n))
			time.Sleep(12 * time.Second)
			st := l.Stats()
			require.Equal(t, st.Accepted, st.Written+st.Buffered+st.Failed+st.Discarded)
			require.Equal(t, st.Written, st.Sent+st.Refused+st.Unsent)
		}
		assert.Greater(t, l.Stats().Unsent, int64(290))
		assert.Contains(t, l.Stats().LastError, "firehose: stream audit: PutRecordBatch: ServiceUnavailableException: Slow down.")
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		assert.Zero(t, l.Stats().Unsent)
		require.NoError(t, l.Close(t.Context()))
		require.NoError(t, s.Close())
		assert.Equal(t, upTo(300), numbers(t, b.events(t)), "each event must arrive once, and in order")
		st := sink.Stats()
		assert.Less(t, st.Calls, int64(1500), "an hour must not take many calls")
		assert.Equal(t, st.FailedCalls, st.Throttled)
	})
}

// After Close, no connection over loopback stays open, and no goroutine is left.
func TestOverLoopback(t *testing.T) {
	b := &bucket{}
	s := stream(t, b, nil)
	server := httptest.NewServer(s)
	defer server.Close()
	a := config()
	a.BaseEndpoint = &server.URL
	sink, err := firehose.Open(t.Context(), firehose.Config{Stream: "audit", AWS: &a, Calls: 2})
	require.NoError(t, err)
	sendAll(t, sink, wide(400))
	require.NoError(t, sink.Close())
	require.NoError(t, sink.Close())
	require.NoError(t, s.Close())
	assert.Equal(t, "firehose stream audit", sink.String())
	assert.Equal(t, upTo(400), slices.Sorted(slices.Values(numbers(t, b.events(t)))))
}

// A redirect is not followed, because events go only to the endpoint.
func TestRedirect(t *testing.T) {
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		n, _ := io.Copy(io.Discard, r.Body)
		elsewhere.Add(n)
	}))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	a := config()
	a.BaseEndpoint = &server.URL
	sink, err := firehose.Open(t.Context(), firehose.Config{Stream: "audit", AWS: &a})
	require.NoError(t, err)
	defer sink.Close()
	_, _, err = sink.Send(t.Context(), slices.Values(numbered(0, 1)))
	assert.Error(t, err)
	assert.Zero(t, elsewhere.Load())
}

func TestOpen(t *testing.T) {
	withRegion := func(region string) *aws.Config { a := config(); a.Region = region; return &a }
	for _, tt := range []struct {
		name string
		cfg  firehose.Config
		want string
	}{
		{"no stream", firehose.Config{AWS: withRegion("eu-central-1")}, "Config.Stream must be"},
		{"a stream with forbidden characters", firehose.Config{Stream: "a\x1b[31mb", AWS: withRegion("eu-central-1")}, `Config.Stream must be 1 to 64 letters, digits, _, . and -: "a\x1b[31mb"`},
		{"a long stream", firehose.Config{Stream: strings.Repeat("a", 65), AWS: withRegion("eu-central-1")}, "Config.Stream must be"},
		{"negative calls", firehose.Config{Stream: "a", Calls: -1, AWS: withRegion("eu-central-1")}, "Config.Calls is -1"},
		{"too many calls", firehose.Config{Stream: "a", Calls: 17, AWS: withRegion("eu-central-1")}, "Config.Calls is 17"},
		{"no region", firehose.Config{Stream: "a", AWS: withRegion("")}, "no region"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s, err := firehose.Open(t.Context(), tt.cfg)
			assert.Nil(t, s)
			assert.ErrorContains(t, err, tt.want)
		})
	}
	a := withRegion("")
	a.BaseEndpoint = aws.String("firehose")
	_, err := firehose.Open(t.Context(), firehose.Config{Calls: -1, AWS: a})
	for _, fault := range []string{"Config.Stream must be", "Config.Calls is -1", "no region", "the endpoint is not a URL"} {
		assert.ErrorContains(t, err, fault)
	}
	t.Setenv("AWS_REGION", "eu-central-1")
	s, err := firehose.Open(t.Context(), firehose.Config{Stream: "a"})
	require.NoError(t, err)
	require.NoError(t, s.Close())
}

// If an endpoint is not a valid URL, credentials can be anywhere in its text. So no error quotes
// the text.
func TestEndpointsWithCredentials(t *testing.T) {
	for _, tt := range []struct {
		name, endpoint string
		opens          bool
	}{
		{name: "a URL", endpoint: "http://user:sekret@127.0.0.1:1", opens: true},
		{name: "a user alone", endpoint: "http://sekret@127.0.0.1:1/path", opens: true},
		{name: "a bad port", endpoint: "http://user:sekret@127.0.0.1:bad/"},
		{name: "no scheme", endpoint: "user:sekret@127.0.0.1:1"},
		{name: "a slash in the password", endpoint: "http://user:sekret/x@127.0.0.1:1"},
		{name: "a space in the password", endpoint: "http://user:sekret x@127.0.0.1:1"},
		{name: "another scheme", endpoint: "ftp://user:sekret@127.0.0.1:1"},
		{name: "no host", endpoint: "http:///sekret"},
		{name: "an escape", endpoint: "http://user:sekret%zz@\x1b[31m"},
	} {
		for _, where := range []string{"AWS_ENDPOINT_URL_FIREHOSE", "AWS_ENDPOINT_URL", "BaseEndpoint"} {
			t.Run(tt.name+" in "+where, func(t *testing.T) {
				for name, value := range map[string]string{
					"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": accessKey, "AWS_SECRET_ACCESS_KEY": secretKey,
					"AWS_CONFIG_FILE": "/nowhere", "AWS_SHARED_CREDENTIALS_FILE": "/nowhere",
				} {
					t.Setenv(name, value)
				}
				cfg := firehose.Config{Stream: "audit"}
				if where == "BaseEndpoint" {
					a := config()
					a.BaseEndpoint = &tt.endpoint
					cfg.AWS = &a
				} else {
					t.Setenv(where, tt.endpoint)
				}
				sink, err := firehose.Open(t.Context(), cfg)
				if tt.opens {
					require.NoError(t, err)
					require.NoError(t, sink.Close())
					return
				}
				assert.ErrorContains(t, err, "the endpoint is not a URL such as")
				assert.NotContains(t, err.Error(), "sekret")
				assert.NotContains(t, err.Error(), "\x1b")
			})
		}
	}
}

// misled is an HTTP client whose errors quote the URL of a proxy, as errors of net/http do.
type misled struct{}

func (misled) Do(r *http.Request) (*http.Response, error) {
	return nil, &url.Error{Op: "Post", URL: r.URL.String(), Err: errors.New(`invalid proxy address "http://user:sekret@proxy.invalid:bad": invalid port`)}
}

func TestURLsInErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // Send tries for a minute
		a := config()
		a.BaseEndpoint, a.HTTPClient = aws.String("http://user:sekret@firehose.invalid"), misled{}
		sink, err := firehose.Open(t.Context(), firehose.Config{Stream: "audit", AWS: &a})
		require.NoError(t, err)
		_, _, err = sink.Send(t.Context(), slices.Values(numbered(0, 1)))
		assert.ErrorContains(t, err, `invalid proxy address "…@proxy.invalid:bad"`)
		assert.NotContains(t, err.Error(), "sekret")
	})
}

func TestNil(t *testing.T) {
	var s *firehose.Sink
	assert.NoError(t, s.Close())
	assert.Zero(t, s.Stats())
	assert.Equal(t, "firehose: no stream", s.String())
	_, _, err := s.Send(t.Context(), slices.Values(numbered(0, 1)))
	assert.ErrorContains(t, err, "the Sink is nil")
	sent, refused, err := open(t, stream(t, &bucket{}, nil), 1).Send(t.Context(), none)
	assert.NoError(t, err)
	assert.Zero(t, sent+refused)
}
