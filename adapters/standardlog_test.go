package adapters_test

import (
	"bytes"
	"io"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// With Implicit, each line of package log has the ID of the request that its goroutine serves,
// even with many requests at once. Lines of bare goroutines have no ID.
func TestStandardLogImplicit(t *testing.T) {
	for _, test := range []struct {
		name string
		set  func(out io.Writer)
	}{
		{"zerolog", func(out io.Writer) {
			logger := logctx.New(out)
			log.SetFlags(0)
			log.SetOutput(logger)
		}},
		{"slog", func(out io.Writer) {
			handler := slog.NewJSONHandler(out, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
				if a.Key == slog.MessageKey {
					a.Key = "message"
				}
				return a
			}})
			slog.SetDefault(slog.New(logctx.Slog(handler, logctx.Config{})))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			flags, writer, logger := log.Flags(), log.Writer(), slog.Default()
			// Give package log its own writer again. Otherwise slog's default handler would write
			// to package log, package log to slog, and each would wait for the other.
			defer func() {
				slog.SetDefault(logger)
				log.SetOutput(writer)
				log.SetFlags(flags)
			}()
			var out bytes.Buffer // package log writes one line at a time
			test.set(&out)

			var bare sync.WaitGroup
			handler := http.Handler(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				for range times {
					log.Print("own ", r.URL.Path[1:])
					bare.Go(func() { log.Print("bare ", r.URL.Path[1:]) })
				}
			}))
			handler = httpmw.New(httpmw.Config{Implicit: true})(handler)
			var served sync.WaitGroup
			for n := range requests {
				served.Go(func() {
					in := incoming(n)
					defer in.end()
					r := httptest.NewRequest(http.MethodGet, "/"+in.id, nil)
					r.Header.Set("b3", in.id+"-"+spanID+"-1")
					handler.ServeHTTP(httptest.NewRecorder(), r)
				})
			}
			served.Wait()
			bare.Wait()

			got := map[string]*counts{"own": {}, "bare": {}}
			for _, line := range linesOf(t, &out) {
				kind, want, _ := strings.Cut(line["message"], " ")
				got[kind].Ran++
				switch line["trace_id"] {
				case want:
				case "":
					got[kind].Missing++
				default:
					got[kind].Wrong++
				}
			}
			assert.Equal(t, counts{Ran: total}, *got["own"], "log lines of the goroutines that serve requests")
			assert.Equal(t, counts{Ran: total, Missing: total}, *got["bare"], "log lines of bare goroutines")
		})
	}
}

// With Implicit, a line that net/http's server logs while the handler runs has the ID. The
// server's line for a panic has no ID, because the handler has ended by then.
func TestServerErrorLogImplicit(t *testing.T) {
	var out bytes.Buffer
	logger := logctx.New(zerolog.SyncWriter(&out))
	server := httptest.NewUnstartedServer(httpmw.New(httpmw.Config{Implicit: true})(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusOK)
		w.WriteHeader(http.StatusOK)
		panic("no such image")
	})))
	server.Config.ErrorLog = log.New(logger, "", 0)
	server.Start()
	in := incoming(1)
	defer in.end()
	r, err := http.NewRequestWithContext(in.ctx, http.MethodGet, server.URL, nil)
	require.NoError(t, err)
	if resp, err := httpclient.Wrap(server.Client(), httpclient.Config{}).Do(r); err == nil {
		resp.Body.Close()
	}
	server.Close()

	lines := linesOf(t, &out)
	require.Len(t, lines, 2, "number of lines that the server logged")
	assert.Contains(t, lines[0]["message"], "superfluous response.WriteHeader")
	assert.Equal(t, in.id, lines[0]["trace_id"], "trace_id of %q", lines[0]["message"])
	assert.Contains(t, lines[1]["message"], "http: panic serving")
	assert.Empty(t, lines[1]["trace_id"], "trace_id of %q", lines[1]["message"])
}
