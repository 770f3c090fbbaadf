package httpmw_test

import (
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"example.com/clew/httpmw"
	"example.com/clew/internal/clip"
	"example.com/clew/internal/testkit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
)

// A caller's path and method are UTF-8 in a span, because OpenTelemetry's exporter
// loses all the spans of a batch for one byte that is not UTF-8.
func TestNewSpanUTF8(t *testing.T) {
	for _, tt := range []struct {
		name, target, method, path, original string
	}{
		{"a path", "/a%ffb", "GET", "/a\ufffdb", ""},
		{"raw bytes", "/a\xffb", "GET", "/a\ufffdb", ""},
		{"half a character", "/%c3", "GET", "/\ufffd", ""},
		{"a long path", "/" + strings.Repeat("%ff", 20_000), "GET", "/" + strings.Repeat("\ufffd", (clip.Max-1)/3) + "…", ""},
		{"the method HTTP, as spans name unknown methods", "/", "HTTP", "/", "HTTP"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sdk, rec := testkit.SDK(sdktrace.AlwaysSample())
			server := httptest.NewServer(httpmw.New(httpmw.Config{
				TracerProvider: sdk,
				SpanName:       func(r *http.Request) string { return r.URL.Path },
			})(http.HandlerFunc(nop)))
			conn, err := net.Dial("tcp", server.Listener.Addr().String())
			require.NoError(t, err)
			_, err = io.WriteString(conn, tt.method+" "+tt.target+" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
			require.NoError(t, err)
			_, err = io.ReadAll(conn)
			require.NoError(t, err)
			require.NoError(t, conn.Close())
			server.Close()

			require.Len(t, rec.Ended(), 1, "spans ended")
			span, attributes := rec.Ended()[0], map[string]string{}
			for _, kv := range span.Attributes() {
				attributes[string(kv.Key)] = kv.Value.AsString()
				assert.True(t, utf8.ValidString(kv.Value.AsString()), "%s is UTF-8", kv.Key)
			}
			assert.Equal(t, tt.path, attributes["url.path"], "url.path")
			assert.Equal(t, tt.path, span.Name(), "name, from a SpanName that returns the path")
			assert.Equal(t, tt.original, attributes["http.request.method_original"], "http.request.method_original")
		})
	}
}
