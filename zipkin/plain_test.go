package zipkin_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/zipkin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

func compressed(p *post) bool { return p.Header.Get("Content-Encoding") == "gzip" }

// noGunzip answers gzip with the status code, like a collector that reads gzip as plain JSON. It
// accepts plain JSON.
func noGunzip(code int) answer {
	return func(p *post) (*http.Response, error) {
		if compressed(p) {
			return reply(code, "unexpected character"), nil
		}
		return nil, nil
	}
}

// encodings returns the encoding of each post as a letter: g for gzip, p for plain.
func encodings(posts []*post) string {
	var all strings.Builder
	for _, p := range posts {
		if compressed(p) {
			all.WriteByte('g')
		} else {
			all.WriteByte('p')
		}
	}
	return all.String()
}

// If the collector does not gunzip, no spans are lost, and gzip is not tried each time.
func TestCollectorThatDoesNotGunzip(t *testing.T) {
	for _, code := range []int{400, 415} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &collector{answer: noGunzip(code)}
				tp := newProvider(t, zipkin.Config{Client: c.client()})
				ids := end(tp, 3*512+10)
				require.NoError(t, tp.ForceFlush(patience(t)))
				assertArrived(t, c, ids)
				assert.Equal(t, "gpppp", encodings(c.tries()), "posts")
				for _, p := range c.tries() {
					assert.Equal(t, "application/json", p.Header.Get("Content-Type"))
					assert.Positive(t, p.ContentLength, "Content-Length")
				}
				require.NoError(t, tp.Shutdown(patience(t)))
				assertEmpty(t, tp.Stats(), len(ids), len(ids))
				assert.Nil(t, tp.Stats().LastError, "LastError")
			})
		})
	}
}

// No spans are lost either if a real server does not gunzip, with the Provider's own client and
// with an Exporter.
func TestServerThatDoesNotGunzip(t *testing.T) {
	c := &collector{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Content-Encoding") != "" {
			io.Copy(io.Discard, r.Body)
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		c.ServeHTTP(w, r)
	}))
	defer server.Close()
	tp := newProvider(t, zipkin.Config{Endpoint: server.URL})
	ids := end(tp, 600, wide(9000, noise))
	require.NoError(t, tp.Shutdown(patience(t)))
	assertArrived(t, c, ids)

	e, err := zipkin.NewExporter(zipkin.Config{Endpoint: server.URL})
	require.NoError(t, err)
	other := sdk(sdktrace.WithBatcher(e))
	ids = append(ids, end(other, 600)...)
	require.NoError(t, other.Shutdown(patience(t)))
	assertArrived(t, c, ids)
	assertEmpty(t, e.Stats(), 600, 600)
}

// If a batch is refused as gzip and as plain JSON, the batch is to blame, and is lost. The error
// quotes both answers.
func TestRefusedInBothWays(t *testing.T) {
	tests := []struct {
		name        string
		zip, plain  answer
		posts, want string
	}{
		{"400", status(400), status(400), "gp", `collector answered 400 "no" to gzip, and 400 "no" to plain JSON`},
		{"415", status(415), status(415), "gp", `collector answered 415 "no" to gzip, and 415 "no" to plain JSON`},
		{"415, 400", status(415), status(400), "gp", `collector answered 415 "no" to gzip, and 400 "no" to plain JSON`},
		{"413", status(413), status(202), "g", `collector answered 413 "no"`},
		{"401", status(401), status(202), "g", `collector answered 401 "no"`},
		{"400, 413", status(400), status(413), "gp", `collector answered 400 "no" to gzip, and 413 "no" to plain JSON`},
		{"400, 401", status(400), status(401), "gp", `collector answered 400 "no" to gzip, and 401 "no" to plain JSON`},
		{"400, 500", status(400), status(500), "gppp", `collector answered 400 "no" to gzip, and 500 "no" to plain JSON`},
		{"400, broken", status(400), failure(io.ErrUnexpectedEOF), "gpppppppp", `collector answered 400 "no" to gzip, and unexpected EOF`},
	}
	for _, tt := range tests {
		answer := func(p *post) (*http.Response, error) {
			if compressed(p) {
				return tt.zip(p)
			}
			return tt.plain(p)
		}
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &collector{answer: answer}
				tp := newProvider(t, zipkin.Config{Client: c.client()})
				end(tp, 1)
				time.Sleep(time.Minute)
				assert.EqualError(t, tp.Stats().LastError, tt.want)
				assert.Equal(t, tt.posts, encodings(c.tries()), "posts")
				assert.ErrorContains(t, tp.Shutdown(patience(t)), "1 of 1 spans lost (queue full 0, refused 1, not sent in time 0): last error: "+tt.want)
			})
		})
		t.Run(tt.name+", Exporter", func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := &collector{answer: answer}
				e := newExporter(t, c)
				span, _ := stubs(1)
				assert.ErrorContains(t, e.ExportSpans(patience(t), span), "last error: "+tt.want)
				assert.Equal(t, tt.posts, encodings(c.tries()), "posts")
				require.Error(t, e.Shutdown(context.Background()))
			})
		})
	}
}

// A batch with malformed spans is posted as gzip once, and then in halves as plain JSON, whether
// the collector gunzips or not. All good spans arrive.
func TestMalformedInBothWays(t *testing.T) {
	tests := []struct {
		name    string
		gunzips bool
		bad     []int // the indexes of the malformed spans in each batch
		posts   int   // the highest number of posts that is allowed for a batch
	}{
		{"one, gunzips", true, []int{300}, 20},
		{"one, does not gunzip", false, []int{300}, 20},
		{"several, gunzips", true, []int{0, 100, 511}, 2 + 6*9},
		{"several, does not gunzip", false, []int{0, 100, 511}, 2 + 6*9},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				const batches = 5
				bad := map[string]bool{}
				c := &collector{answer: func(p *post) (*http.Response, error) {
					if !tt.gunzips && compressed(p) || slices.ContainsFunc(p.ids, func(id string) bool { return bad[id] }) {
						return reply(400, ""), nil
					}
					return nil, nil
				}}
				tp := newProvider(t, zipkin.Config{Client: c.client()})
				spans := begin(tp, batches*512)
				var good []string
				for i, id := range spans.ids() {
					if bad[id] = slices.Contains(tt.bad, i%512); !bad[id] {
						good = append(good, id)
					}
				}
				spans.end()
				tp.ForceFlush(patience(t)) // its error leaves out spans that were refused earlier
				assert.EqualValues(t, batches*len(tt.bad), tp.Stats().Dropped, "spans refused")
				assertArrived(t, c, good)
				posts := c.tries()
				assert.LessOrEqual(t, len(posts), batches*tt.posts, "posts")
				assert.Equal(t, batches, strings.Count(encodings(posts), "g"), "compressed posts: the Provider cannot know yet that the collector does not gunzip")

				// These spans are all good. So the answer to a compressed post shows whether the
				// collector gunzips.
				more := end(tp, 512)
				require.NoError(t, tp.ForceFlush(patience(t)))
				more = append(more, end(tp, 10)...)
				require.NoError(t, tp.ForceFlush(patience(t)))
				assertArrived(t, c, append(good, more...))
				want := "gg"
				if !tt.gunzips {
					want = "gpp"
				}
				assert.Equal(t, want, encodings(c.tries()[len(posts):]), "posts of good spans")
				tp.Shutdown(patience(t))
			})
		})
	}
}

// A plain post is larger than a compressed one. If the plain post is too large, its batch is
// halved, and the halves are posted as plain JSON too.
func TestPlainIsTooLarge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &collector{answer: func(p *post) (*http.Response, error) {
			switch {
			case compressed(p):
				return reply(400, ""), nil
			case len(p.ids) > 100:
				return reply(413, ""), nil
			}
			return nil, nil
		}}
		tp := newProvider(t, zipkin.Config{Client: c.client()})
		ids := end(tp, 512)
		require.NoError(t, tp.ForceFlush(patience(t)))
		assertArrived(t, c, ids)
		assert.Equal(t, "g"+strings.Repeat("p", 15), encodings(c.tries()), "posts")
		require.NoError(t, tp.Shutdown(patience(t)))
	})
}

// If there is an outage between the compressed post and the plain one, no spans are lost, and the
// batch is not compressed again.
func TestOutageBeforePlain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &collector{answer: func(p *post) (*http.Response, error) {
			switch {
			case p.n == 1:
				return refuse(p)
			case p.n == 2:
				return reply(503, ""), nil
			}
			return noGunzip(415)(p)
		}}
		tp := newProvider(t, zipkin.Config{Client: c.client()})
		ids := end(tp, 100)
		require.NoError(t, tp.ForceFlush(patience(t)))
		ids = append(ids, end(tp, 100)...)
		require.NoError(t, tp.Shutdown(patience(t)))
		assertArrived(t, c, ids)
		assert.Equal(t, "gpppp", encodings(c.tries()), "posts")
	})
}

// If the collector gunzips from some moment on, it gets gzip again after a while.
func TestGunzipsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		refusing := noGunzip(400)
		c := &collector{answer: func(p *post) (*http.Response, error) {
			if p.n == 0 {
				return refusing(p)
			}
			return nil, nil
		}}
		tp := newProvider(t, zipkin.Config{Client: c.client()})
		var ids []string
		for range 1010 {
			ids = append(ids, end(tp, 1)...)
			require.NoError(t, tp.ForceFlush(patience(t)))
		}
		require.NoError(t, tp.Shutdown(patience(t)))
		assertArrived(t, c, ids)
		assert.Equal(t, "g"+strings.Repeat("p", 1001)+strings.Repeat("g", 9), encodings(c.tries()), "posts")
	})
}

// A batch that gzip hardly makes smaller is posted as plain JSON if it is large, because a
// compressed copy would need too much memory.
func TestLargeAndIncompressible(t *testing.T) {
	c := &collector{}
	server := httptest.NewServer(c)
	defer server.Close()
	tp := newProvider(t, zipkin.Config{Endpoint: server.URL, QueueBytes: 1 << 20})
	ids := end(tp, 1, wide(700_000, printable()))
	ids = append(ids, end(tp, 1)...)
	require.NoError(t, tp.Shutdown(patience(t)))
	assertArrived(t, c, ids)
	assert.Equal(t, "pg", encodings(c.tries()), "posts")
}

// An error that quotes two long refusals has a bounded length.
func TestBothQuotesAreShort(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := &collector{answer: func(*post) (*http.Response, error) { return reply(400, strings.Repeat("\x00", 1000)), nil }}
		tp := newProvider(t, zipkin.Config{Client: c.client()})
		end(tp, 1)
		assertTame(t, tp.Shutdown(patience(t)), "Shutdown")
	})
}
