package zipkin_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/internal/testkit"
	"example.com/clew/zipkin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	oteltrace "go.opentelemetry.io/otel/trace"
)

// tolerance is how long after its deadline a Shutdown may return.
const tolerance = 100 * time.Millisecond

// unending returns faults that never end. A close of release ends the calls that ignore their
// context.
func unending(release <-chan struct{}) map[string]answer {
	return map[string]answer{
		"refused":             refuse,
		"500":                 status(500),
		"503":                 status(503),
		"503 with an hour":    status(503, "Retry-After", "3600"),
		"429":                 status(429),
		"reset":               failure(io.ErrUnexpectedEOF),
		"400":                 status(400),
		"404":                 status(404),
		"413":                 status(413),
		"301":                 status(301, "Location", "http://elsewhere.test/"),
		"1 s slow, then 503":  slow(status(503)),
		"1 s slow, then 413":  slow(status(413)),
		"black hole":          swallow,
		"ignores its context": func(*post) (*http.Response, error) { <-release; return nil, io.EOF },
		"accepts too late":    func(*post) (*http.Response, error) { <-release; return nil, nil },
		"a reply that ignores its context": func(*post) (*http.Response, error) {
			resp := reply(503, "")
			resp.Body = io.NopCloser(blockedReader(release))
			return resp, nil
		},
	}
}

func slow(a answer) answer {
	return func(p *post) (*http.Response, error) {
		select {
		case <-time.After(time.Second):
			return a(p)
		case <-p.Context().Done():
			return nil, p.Context().Err()
		}
	}
}

type blockedReader <-chan struct{}

func (r blockedReader) Read([]byte) (int, error) { <-r; return 0, io.EOF }

// ending is a context for Shutdown or ForceFlush, and how long a call with this context may take.
type ending struct {
	name  string
	ctx   func() (context.Context, context.CancelFunc)
	limit time.Duration
	cause error
}

func endings() []ending {
	background := context.Background()
	return []ending{
		{"2 s", func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(background, 2*time.Second)
		}, 2 * time.Second, context.DeadlineExceeded},
		{"no deadline", func() (context.Context, context.CancelFunc) {
			return background, func() {}
		}, 10 * time.Second, context.DeadlineExceeded},
		{"expired", func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(background, -time.Second)
		}, 0, context.DeadlineExceeded},
		{"canceled before", func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(background)
			cancel()
			return ctx, cancel
		}, 0, context.Canceled},
		{"canceled meanwhile", func() (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(background)
			return ctx, func() { time.AfterFunc(3*time.Second, cancel) }
		}, 3 * time.Second, context.Canceled},
	}
}

// within calls f with the ending's context and checks how long f takes.
func (e ending) within(t testing.TB, f func(context.Context) error) error {
	t.Helper()
	ctx, cancel := e.ctx()
	if e.limit > 0 && e.cause == context.Canceled {
		cancel()
	} else {
		defer cancel()
	}
	begin := time.Now()
	err := f(ctx)
	assert.LessOrEqual(t, time.Since(begin), e.limit+tolerance, "how long the call took")
	return err
}

func TestShutdownDuringFaults(t *testing.T) {
	for name := range unending(nil) {
		for _, e := range endings() {
			t.Run(name+", "+e.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					release := make(chan struct{})
					defer close(release)
					c := &collector{answer: unending(release)[name]}
					cfg := zipkin.Config{QueueSpans: 64, Client: c.client()}
					tp := newProvider(t, cfg)
					stop := watch(t, tp, cfg, nowAndThen)
					end(tp, 80)
					time.Sleep(1500 * time.Millisecond) // now the fault has had an effect
					err := e.within(t, tp.Shutdown)
					stop()
					s := tp.Stats()
					assertEmpty(t, s, 80, 0)
					assert.EqualValues(t, s.Dropped, lost(t, err), "spans lost, by the error %v", err)
					if s := fmt.Sprint(err); !strings.Contains(s, "not sent in time 0)") {
						assert.ErrorIs(t, err, e.cause)
					}
					if posted := len(c.tries()); posted > 0 && s.LastError != nil {
						assert.ErrorContains(t, err, s.LastError.Error(), "the last error")
					}

					// The second call returns the same error, at once.
					begin := time.Now()
					assert.EqualError(t, tp.Shutdown(context.Background()), err.Error(), "the second Shutdown")
					assert.Zero(t, time.Since(begin), "how long the second Shutdown took")
				})
			})
		}
	}
}

// lost returns the number of lost spans that an error names.
func lost(t testing.TB, err error) (n int) {
	t.Helper()
	require.Error(t, err)
	_, scanErr := fmt.Sscanf(err.Error(), "zipkin: %d", &n)
	require.NoError(t, scanErr, "%v", err)
	return n
}

func TestForceFlushDuringFaults(t *testing.T) {
	for name := range unending(nil) {
		for _, e := range endings() {
			t.Run(name+", "+e.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					release := make(chan struct{})
					var up atomic.Bool
					c := &collector{}
					fault := unending(release)[name]
					c.answer = func(p *post) (*http.Response, error) {
						if up.Load() {
							return nil, nil
						}
						return fault(p)
					}
					cfg := zipkin.Config{QueueSpans: 1000, Client: c.client()}
					tp := newProvider(t, cfg)
					stop := watch(t, tp, cfg, nowAndThen)
					end(tp, 60)
					if e.limit > 0 { // the collector may now refuse spans before ForceFlush
						time.Sleep(1500 * time.Millisecond)
					}
					before := tp.Stats()
					err := e.within(t, tp.ForceFlush)
					s := tp.Stats()
					assert.EqualValues(t, 60, s.Queued+s.Dropped+s.Sent)
					switch {
					case err == e.cause: // the SDK returned err, and called no processor
						assert.Zero(t, e.limit)
					case s.Queued > 0:
						assert.ErrorIs(t, err, e.cause)
						assert.ErrorContains(t, err, "spans not sent yet")
						assert.GreaterOrEqual(t, lost(t, err), int(s.Queued), "spans not sent yet, at least those that are still queued")
					case before.Queued > 0:
						assert.EqualValues(t, s.Dropped-before.Dropped, lost(t, err), "%v", err)
					default:
						assert.NoError(t, err)
					}

					up.Store(true)
					close(release)
					tp.Shutdown(patience(t))
					stop()
					assert.Zero(t, tp.Stats().Queued)
					assert.Len(t, c.got(t), int(tp.Stats().Sent), "spans that arrived")
				})
			})
		}
	}
}

// If ForceFlush runs out of time, its spans stay in the queue.
func TestForceFlushLeavesTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var up atomic.Bool
		c := &collector{answer: func(p *post) (*http.Response, error) {
			if up.Load() {
				return nil, nil
			}
			return refuse(p)
		}}
		tp := newProvider(t, zipkin.Config{Client: c.client()})
		ids := end(tp, 100)
		for range 3 {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			err := tp.ForceFlush(ctx)
			cancel()
			require.ErrorIs(t, err, context.DeadlineExceeded)
			require.ErrorContains(t, err, fmt.Sprintf("zipkin: %d spans not sent yet", len(ids)))
			ids = append(ids, end(tp, 10)...)
		}
		up.Store(true)
		require.NoError(t, tp.ForceFlush(patience(t)))
		assertArrived(t, c, ids)
		assertEmpty(t, tp.Stats(), 130, 130)
		require.NoError(t, tp.Shutdown(patience(t)))
	})
}

// ForceFlush ends a pause between two tries, and posts at once.
func TestForceFlushTriesAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var up atomic.Bool
		c := &collector{answer: func(p *post) (*http.Response, error) {
			if up.Load() {
				return nil, nil
			}
			return reply(503, ""), nil
		}}
		tp := newProvider(t, zipkin.Config{Client: c.client()})
		ids := end(tp, 10)
		time.Sleep(20 * time.Second)
		for tries := len(c.tries()); tries == len(c.tries()); {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Second) // the pipe is now in a pause of more than two seconds
		up.Store(true)
		begin := time.Now()
		require.NoError(t, tp.ForceFlush(patience(t)))
		assert.Zero(t, time.Since(begin), "how long ForceFlush took in a pause")
		assertArrived(t, c, ids)

		end(tp, 10)
		require.NoError(t, tp.ForceFlush(patience(t)))
		assert.Zero(t, time.Since(begin), "how long ForceFlush took without a fault")
		require.NoError(t, tp.ForceFlush(patience(t)))
		assert.Zero(t, time.Since(begin), "how long ForceFlush took without spans")
		require.NoError(t, tp.Shutdown(patience(t)))
	})
}

// A pause that the collector has asked for is not cut short by flushes, even by many.
func TestForceFlushKeepsRetryAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &collector{answer: status(429, "Retry-After", "30")}
		tp := newProvider(t, zipkin.Config{Client: c.client()})
		end(tp, 10)
		for range 50 {
			ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
			assert.ErrorContains(t, tp.ForceFlush(ctx), "10 spans not sent yet")
			cancel()
		}
		assert.Len(t, c.tries(), 1, "posts")
		require.Error(t, tp.Shutdown(expired(t)))
	})
}

func TestForceFlushDoesNotWaitForLaterSpans(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &collector{answer: slow(status(202))}
		tp := newProvider(t, zipkin.Config{Client: c.client()})
		end(tp, 10)
		go func() {
			for range 100 {
				time.Sleep(100 * time.Millisecond)
				end(tp, 100)
			}
		}()
		begin := time.Now()
		require.NoError(t, tp.ForceFlush(patience(t)))
		assert.Equal(t, time.Second, time.Since(begin), "how long ForceFlush took")
		time.Sleep(10 * time.Second)
		require.NoError(t, tp.Shutdown(patience(t)))
		assertEmpty(t, tp.Stats(), 10_010, 10_010)
	})
}

// A span waits for other spans for a second at most, so that many spans need few posts.
func TestGathering(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &collector{}
		tp := newProvider(t, zipkin.Config{Client: c.client()})
		for range 50 {
			end(tp, 10)
			time.Sleep(100 * time.Millisecond)
		}
		time.Sleep(time.Second)
		assert.Len(t, c.got(t), 500, "spans that have arrived a second after the last")
		assert.LessOrEqual(t, len(c.tries()), 5, "posts in six seconds")
		require.NoError(t, tp.Shutdown(patience(t)))
	})
}

func TestShutdownSendsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &collector{answer: slow(status(202))}
		tp := newProvider(t, zipkin.Config{Client: c.client()})
		ids := end(tp, 3000)
		begin := time.Now()
		require.NoError(t, tp.Shutdown(patience(t)))
		assert.InDelta(t, 6*time.Second, time.Since(begin), float64(20*time.Millisecond), "how long Shutdown took, with six posts of one second each")
		assertArrived(t, c, ids)
		assertEmpty(t, tp.Stats(), 3000, 3000)
		require.NoError(t, tp.Shutdown(expired(t)), "the second Shutdown, without time")
		require.NoError(t, tp.ForceFlush(patience(t)), "ForceFlush after Shutdown")
	})
}

// Main's context has ended when the deferred Shutdown is called. If Shutdown gets a new context
// with a timeout, as documented, no span is lost, even if the collector is slow. If Shutdown gets
// main's context, it sends for a moment, and its error counts the spans that are lost.
func TestShutdownInMain(t *testing.T) {
	documented := func(_ context.Context, tp *zipkin.Provider) error {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return tp.Shutdown(ctx)
	}
	undocumented := func(ctx context.Context, tp *zipkin.Provider) error { return tp.Shutdown(ctx) }
	tests := []struct {
		name   string
		end    func(context.Context, *zipkin.Provider) error
		answer answer
		lost   int
	}{
		{"as documented", documented, nil, 0},
		{"as documented, slow", documented, slow(status(202)), 0},
		{"with main's context", undocumented, nil, 0},
		{"with main's context, slow", undocumented, slow(status(202)), 20},
		{"with main's context, collector down", undocumented, refuse, 20},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, signal := context.WithCancel(context.Background())
				c := &collector{answer: tt.answer}
				tp := newProvider(t, zipkin.Config{Client: c.client()})
				ids := end(tp, 20)
				signal()
				begin := time.Now()
				err := tt.end(ctx, tp)
				if tt.lost == 0 {
					assert.NoError(t, err)
					assertArrived(t, c, ids)
				} else {
					assert.ErrorIs(t, err, context.Canceled)
					assert.Equal(t, tt.lost, lost(t, err))
					assert.LessOrEqual(t, time.Since(begin), tolerance, "how long Shutdown took")
				}
				assertEmpty(t, tp.Stats(), 20, 20-tt.lost)
			})
		})
	}
}

// With a canceled context, Shutdown returns within the tolerance even if another processor hangs.
func TestShutdownInMainWithAHangingProcessor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, signal := context.WithCancel(context.Background())
		release := make(chan struct{})
		defer close(release)
		c := &collector{answer: func(*post) (*http.Response, error) { <-release; return nil, io.EOF }}
		tp := newProvider(t, zipkin.Config{Client: c.client()})
		tp.RegisterSpanProcessor(&hung{release: release})
		end(tp, 20)
		signal()
		begin := time.Now()
		assert.Equal(t, 20, lost(t, tp.Shutdown(ctx)))
		assert.LessOrEqual(t, time.Since(begin), tolerance, "how long Shutdown took")
	})
}

// The package comment shows the same code as an Example.
func TestDocShowsTheExample(t *testing.T) {
	read := func(name string) string {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		return string(text)
	}
	_, shown, ok := strings.Cut(read("example_test.go"), "func ExampleProvider_Shutdown() {\n")
	require.True(t, ok)
	_, shown, ok = strings.Cut(shown, "\tdefer func() {\n")
	require.True(t, ok)
	shown, _, ok = strings.Cut("\tdefer func() {\n"+shown, "\n\n")
	require.True(t, ok)
	assert.Contains(t, read("doc.go"), "//"+strings.ReplaceAll(shown, "\n", "\n//")+"\n")
}

// If the collector asks for a pause of half a minute, Shutdown tries again earlier, because
// nothing is sent after Shutdown.
func TestShutdownDoesNotWaitForRetryAfter(t *testing.T) {
	for _, posting := range []bool{false, true} {
		t.Run(fmt.Sprint("while posting ", posting), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var up atomic.Bool
				c := &collector{answer: slow(func(*post) (*http.Response, error) {
					if up.Load() {
						return nil, nil
					}
					return reply(503, "", "Retry-After", "30"), nil
				})}
				tp := newProvider(t, zipkin.Config{Client: c.client()})
				ids := end(tp, 10)
				time.Sleep(5 * time.Second) // now the pipe is in the pause
				if posting {
					time.Sleep(27*time.Second + 500*time.Millisecond) // now the pipe posts again
				}
				time.AfterFunc(4*time.Second, func() { up.Store(true) })
				require.NoError(t, tp.Shutdown(context.Background()))
				assertArrived(t, c, ids)
				assert.LessOrEqual(t, len(c.tries()), 7, "posts")
			})
		})
	}
}

// Spans that have arrived by the deadline are not counted as lost.
func TestShutdownSendsSome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &collector{answer: slow(status(202))}
		tp := newProvider(t, zipkin.Config{Client: c.client()})
		ids := end(tp, 3000)
		ctx, cancel := context.WithTimeout(context.Background(), 2500*time.Millisecond)
		defer cancel()
		err := tp.Shutdown(ctx)
		assert.EqualError(t, err, "zipkin: 1976 of 3000 spans lost (queue full 0, refused 0, not sent in time 1976): context deadline exceeded")
		assertArrived(t, c, ids[:1024])
		assertEmpty(t, tp.Stats(), 3000, 1024)
	})
}

// If no spans are queued, the error of Shutdown does not name an expired context as a cause.
func TestShutdownWithNothingLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &collector{}
		tp := newProvider(t, zipkin.Config{QueueSpans: 10, Client: c.client()})
		ids := end(tp, 15)
		require.NoError(t, tp.ForceFlush(patience(t)))
		assertArrived(t, c, ids[:10])
		err := tp.Shutdown(expired(t))
		assert.EqualError(t, err, "zipkin: 5 of 15 spans lost (queue full 5, refused 0, not sent in time 0)")
	})
	synctest.Test(t, func(t *testing.T) {
		tp := newProvider(t, zipkin.Config{Client: (&collector{}).client()})
		assert.NoError(t, tp.Shutdown(expired(t)))
	})
}

// If several Shutdowns run at once, the one with the earliest deadline ends all others. All return
// the same error.
func TestConcurrentShutdown(t *testing.T) {
	for _, name := range []string{"black hole", "ignores its context"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				defer close(release)
				c := &collector{answer: unending(release)[name]}
				tp := newProvider(t, zipkin.Config{Client: c.client()})
				end(tp, 600)
				var all sync.WaitGroup
				texts := make([]string, 5)
				for i := range texts {
					all.Go(func() {
						ctx, cancel := context.WithTimeout(context.Background(), time.Duration(i+1)*time.Second)
						defer cancel()
						begin := time.Now()
						texts[i] = fmt.Sprint(tp.Shutdown(ctx))
						assert.LessOrEqual(t, time.Since(begin), time.Second+tolerance, "how long Shutdown %d took: the one with the earliest deadline ends all", i)
					})
				}
				all.Go(func() {
					begin := time.Now()
					assert.Error(t, tp.ForceFlush(patience(t)), "ForceFlush")
					assert.LessOrEqual(t, time.Since(begin), time.Second+tolerance, "how long ForceFlush took")
				})
				all.Wait()
				for _, text := range texts {
					assert.Equal(t, "zipkin: 600 of 600 spans lost (queue full 0, refused 0, not sent in time 600): context deadline exceeded", text)
				}
				assertEmpty(t, tp.Stats(), 600, 0)
			})
		})
	}
}

// A post that ends after Shutdown has run out of time changes nothing.
func TestPostThatEndsAfterShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		c := &collector{answer: func(*post) (*http.Response, error) { <-release; return nil, nil }}
		tp := newProvider(t, zipkin.Config{Client: c.client()})
		end(tp, 1000)
		require.Error(t, tp.Shutdown(expired(t)))
		before := tp.Stats()
		close(release)
		synctest.Wait()
		assert.Equal(t, before, tp.Stats(), "Stats")
		assert.LessOrEqual(t, len(c.tries()), 1, "posts")
	})
}

// Spans that end after Shutdown has begun are not counted, because the SDK no longer calls
// processors.
func TestSpansThatEndAfterShutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &collector{answer: slow(status(202))}
		tp := newProvider(t, zipkin.Config{Client: c.client()})
		end(tp, 10)
		during, after := begin(tp, 3), begin(tp, 5)
		tracer := tp.Tracer("of before")
		time.AfterFunc(500*time.Millisecond, during.end)
		err := tp.Shutdown(patience(t))
		assert.NoError(t, err, "Shutdown")
		assertEmpty(t, tp.Stats(), 10, 10)

		after.end()
		_, span := tracer.Start(context.Background(), "later")
		span.End()
		end(tp, 5)
		assertEmpty(t, tp.Stats(), 10, 10)
		time.Sleep(time.Minute)
		assert.Len(t, c.got(t), 10, "spans that arrived")
	})
}

// Spans that end after a Shutdown without time are not counted either.
func TestSpansThatEndAfterShutdownWithoutTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tp := newProvider(t, zipkin.Config{Client: (&collector{answer: swallow}).client()})
		end(tp, 10)
		after := begin(tp, 5)
		require.ErrorContains(t, tp.Shutdown(expired(t)), "10 of 10 spans lost")
		after.end()
		assertEmpty(t, tp.Stats(), 10, 0)
	})
}

// The type other is a SpanProcessor that is registered in addition to ours.
type other struct {
	sdktrace.SpanProcessor
	shutdowns int
	err       error
}

func (o *other) OnStart(context.Context, sdktrace.ReadWriteSpan) {}
func (o *other) OnEnd(sdktrace.ReadOnlySpan)                     {}
func (o *other) ForceFlush(context.Context) error                { return o.err }
func (o *other) Shutdown(context.Context) error                  { o.shutdowns++; return o.err }

// Shutdown also shuts down other processors, whether or not spans are lost, and returns their
// errors.
func TestShutdownOfOtherProcessors(t *testing.T) {
	failed := errors.New("the other one has failed")
	for _, e := range endings() {
		for _, err := range []error{nil, failed} {
			for _, loses := range []bool{false, true} {
				t.Run(fmt.Sprint(e.name, ", ", err, ", loses ", loses), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						c := &collector{}
						if loses {
							c.answer = swallow
						}
						tp := newProvider(t, zipkin.Config{Client: c.client()})
						o := &other{err: err}
						tp.RegisterSpanProcessor(o)
						end(tp, 10)
						if !loses {
							require.ErrorIs(t, tp.ForceFlush(patience(t)), err)
						}
						got := e.within(t, tp.Shutdown)
						assert.Equal(t, 1, o.shutdowns, "calls of the other processor's Shutdown")
						if err != nil {
							assert.ErrorIs(t, got, err, "Shutdown")
						}
						if loses {
							assert.Equal(t, 10, lost(t, got))
							assert.Equal(t, 1, strings.Count(got.Error(), "spans lost"), "how often %q reports lost spans", got)
						}
						if err == nil && !loses {
							assert.NoError(t, got, "Shutdown")
						}
					})
				})
			}
		}
	}
}

// A processor that ignores its context does not keep Shutdown from returning.
func TestShutdownWithAHangingProcessor(t *testing.T) {
	for _, e := range endings() {
		t.Run(e.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				release := make(chan struct{})
				defer close(release)
				c := &collector{}
				tp := newProvider(t, zipkin.Config{Client: c.client()})
				tp.RegisterSpanProcessor(&hung{release: release})
				ids := end(tp, 10)
				assert.ErrorIs(t, e.within(t, tp.ForceFlush), e.cause, "ForceFlush")
				assert.ErrorIs(t, e.within(t, tp.Shutdown), e.cause, "Shutdown")
				if e.limit > 0 {
					assertArrived(t, c, ids)
				}
				assert.Zero(t, tp.Stats().Queued)
			})
		})
	}
}

// A hung processor returns from ForceFlush and Shutdown only after a close of release.
type hung struct {
	other
	release chan struct{}
}

func (h *hung) ForceFlush(context.Context) error { <-h.release; return nil }
func (h *hung) Shutdown(context.Context) error   { <-h.release; return nil }

// Code that knows only an interface can shut the Provider down.
func TestShutdownByInterface(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &collector{}
		var tp oteltrace.TracerProvider = newProvider(t, zipkin.Config{Client: c.client()})
		ids := end(tp, 10)
		require.NoError(t, tp.(interface{ Shutdown(context.Context) error }).Shutdown(patience(t)))
		assertArrived(t, c, ids)
	})
}

// A collection of metrics and a Shutdown do not wait for each other.
func TestShutdownDuringCollections(t *testing.T) {
	reader := sdkmetric.NewManualReader()
	provider := sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))
	var all sync.WaitGroup
	stop := make(chan struct{})
	all.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				var metrics metricdata.ResourceMetrics
				assert.NoError(t, reader.Collect(context.Background(), &metrics))
			}
		}
	})
	for range 100 {
		tp := newProvider(t, zipkin.Config{Client: (&collector{}).client(), MeterProvider: provider})
		end(tp, 1)
		require.NoError(t, tp.Shutdown(patience(t)))
	}
	close(stop)
	all.Wait()
}

// A batch is lost after a number of tries. A try that a flush has made early does not count as
// one.
func TestForceFlushUsesUpNoTries(t *testing.T) {
	for name, answer := range map[string]answer{"500": status(500), "reset": failure(errors.New("connection reset by peer"))} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tp := newProvider(t, zipkin.Config{Client: (&collector{answer: answer}).client()})
				end(tp, 1)
				for range 10 {
					ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
					tp.ForceFlush(ctx)
					cancel()
				}
				assert.Zero(t, tp.Stats().Dropped, "spans dropped after a tenth of a second")
				tp.Shutdown(expired(t))
			})
		})
	}
}

// A flush after each span does not make a batch of each span.
func TestForceFlushKeepsBatchesTogether(t *testing.T) {
	heap := func() int64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	tp := newProvider(t, zipkin.Config{Client: (&collector{answer: swallow}).client()})
	gone, before := expired(t), heap()
	for range 8192 {
		end(tp, 1)
		tp.ForceFlush(gone)
	}
	assert.Less(t, heap()-before, int64(16<<20), "growth of the heap, with %d bytes of JSON queued", tp.Stats().QueuedBytes)
	tp.Shutdown(gone)
}

type curious struct{ ask func() }

func (c curious) Error() string { c.ask(); return "no" }

// While the pipe holds its lock, it does not call the method Error of another package's error. The
// method Error of a curious calls Stats, which needs the lock.
func TestShutdownWithACuriousError(t *testing.T) {
	var tp *zipkin.Provider
	tp = newProvider(t, zipkin.Config{Client: &http.Client{Transport: testkit.RoundTripper(func(*http.Request) (*http.Response, error) {
		return nil, curious{func() { tp.Stats() }}
	})}})
	end(tp, 1)
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	assert.Error(t, tp.Shutdown(ctx))
}
