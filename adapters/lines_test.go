package adapters_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"example.com/clew/httpclient"
	"example.com/clew/httpmw"
	"example.com/clew/logctx"
	"example.com/clew/trace"
	"github.com/go-chi/chi/v5"
	"github.com/go-chi/chi/v5/middleware"
	"github.com/go-resty/resty/v2"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Some libraries write lines with their own loggers. The code below adds the ID to these lines.

// restyLines is resty's logger for one request. resty warns of each failed attempt, and logs an
// error for a request that it gives up.
type restyLines struct{ ctx context.Context }

func (l restyLines) Errorf(format string, v ...any) { logctx.Error(l.ctx).Msgf(format, v...) }
func (l restyLines) Warnf(format string, v ...any)  { logctx.Warn(l.ctx).Msgf(format, v...) }
func (l restyLines) Debugf(format string, v ...any) { logctx.Debug(l.ctx).Msgf(format, v...) }

// restyLogs gives each request its own logger. Otherwise resty uses one logger for all requests of
// a client.
func restyLogs(_ *resty.Client, r *resty.Request) error {
	r.SetLogger(restyLines{r.Context()})
	return nil
}

func TestRestysOwnLines(t *testing.T) {
	var out bytes.Buffer
	logger := logctx.New(&out)
	server := httptest.NewServer(http.NotFoundHandler())
	gone := server.URL
	server.Close()
	for _, test := range []struct {
		name string
		send func(r *resty.Request) error
		want []string // the level, and the end of the message
	}{
		{"failed attempt and failed request", func(r *resty.Request) error {
			_, err := r.Get(gone)
			return err
		}, []string{"warn: connection refused, Attempt 1", "warn: connection refused, Attempt 2", "error: connection refused"}},
		{"password without TLS", func(r *resty.Request) error {
			_, err := r.SetBasicAuth("user", "password").Get(gone)
			return err
		}, []string{"warn: use HTTPS", "warn: connection refused, Attempt 1", "warn: use HTTPS", "warn: connection refused, Attempt 2", "error: connection refused"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			client := httpclient.Resty(resty.New(), httpclient.Config{}).SetRetryCount(1).SetRetryWaitTime(1)
			client.OnBeforeRequest(restyLogs)
			in := incoming(1)
			defer in.end()
			ctx := logger.WithContext(in.ctx)
			assert.Error(t, test.send(client.R().SetContext(ctx)), "request to a closed server")
			var got []string
			for _, line := range linesOf(t, &out) {
				assert.Equal(t, in.id, line["trace_id"], "trace_id of the line %v", line)
				got = append(got, line["level"]+": "+line["message"])
			}
			require.Len(t, got, len(test.want), "lines of resty: %q", got)
			for i, want := range test.want {
				level, message, _ := strings.Cut(want, ": ")
				assert.True(t, strings.HasPrefix(got[i], level) && strings.HasSuffix(got[i], message), "line of resty: got %q, want %q", got[i], want)
			}
		})
	}
}

// linesOf returns the fields with text values of each line in out, and empties out.
func linesOf(t *testing.T, out *bytes.Buffer) (lines []map[string]string) {
	t.Helper()
	dec := json.NewDecoder(out)
	for dec.More() {
		var all map[string]any
		require.NoError(t, dec.Decode(&all))
		line := map[string]string{}
		for k, v := range all {
			if s, ok := v.(string); ok {
				line[k] = s
			}
		}
		lines = append(lines, line)
	}
	out.Reset()
	return lines
}

// chiLines is chi's log entry for a request. chi's Recoverer passes a panic to the entry. Without
// an entry, Recoverer prints the panic to standard error, with colours and without an ID.
type chiLines struct{ ctx context.Context }

func (l chiLines) Panic(value any, stack []byte) {
	logctx.Error(l.ctx).Bytes("stack", stack).Msgf("panic: %v", value)
}

// Write does nothing, because httpmw.AccessLog writes the access line.
func (l chiLines) Write(int, int, http.Header, time.Duration, any) {}

// chiLogs is middleware. Use it inside of httpmw.New, and outside of chi's Recoverer and Logger.
func chiLogs(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = middleware.WithLogEntry(r, chiLines{r.Context()})
		next.ServeHTTP(w, r)
	})
}

// chiID is middleware for services that keep chi's Logger: the Logger prints the trace ID as the
// ID of the request.
func chiID(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx := context.WithValue(r.Context(), middleware.RequestIDKey, trace.ID(r.Context()))
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

func TestChisOwnLines(t *testing.T) {
	var out, plain bytes.Buffer
	logger := logctx.New(&out)
	chiLogger := middleware.RequestLogger(&middleware.DefaultLogFormatter{Logger: log.New(&plain, "", 0), NoColor: true})
	traced := httpmw.New(httpmw.Config{Logger: &logger})
	boom := func(http.ResponseWriter, *http.Request) { panic("boom") }
	call := func(t *testing.T, with ...func(http.Handler) http.Handler) (id string) {
		t.Helper()
		router := chi.NewRouter()
		router.Use(with...)
		router.Get("/orders/{id}", boom)
		in := incoming(1)
		defer in.end()
		r := httptest.NewRequest("GET", "/orders/7", nil)
		r.Header.Set("b3", in.id+"-"+spanID+"-1")
		w := httptest.NewRecorder()
		router.ServeHTTP(w, r)
		assert.Equal(t, http.StatusInternalServerError, w.Code, "status of a panic that Recoverer caught")
		return in.id
	}

	t.Run("Recoverer", func(t *testing.T) {
		id := call(t, traced, httpmw.AccessLog(httpmw.AccessLogConfig{}), chiLogs, middleware.Recoverer)
		lines := linesOf(t, &out)
		require.Len(t, lines, 2, "number of lines")
		assert.Equal(t, "panic: boom", lines[0]["message"], "message of Recoverer's line")
		assert.Contains(t, lines[0]["stack"], "lines_test.go", "stack in Recoverer's line")
		for _, line := range lines {
			assert.Equal(t, id, line["trace_id"], "trace_id of the line %v", line)
			assert.NotEmpty(t, line["span_id"], "span_id of the line %v", line)
		}
	})
	t.Run("Logger", func(t *testing.T) {
		id := call(t, traced, chiID, chiLogger, chiLogs, middleware.Recoverer)
		assert.Regexp(t, `^\[`+id+`\] "GET http://example.com/orders/7 HTTP/1.1" from .* - 500 0B in `, plain.String(), "line of chi's Logger")
	})
}
