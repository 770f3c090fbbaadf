package clip_test

import (
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"

	"example.com/clew/internal/clip"
	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/attribute"
)

func TestText(t *testing.T) {
	whole := strings.Repeat("x", clip.Max)
	for _, tt := range []struct{ name, in, text, utf8 string }{
		{"empty", "", "", ""},
		{"short", "a/b ü", "a/b ü", "a/b ü"},
		{"as long as the limit", whole, whole, whole},
		{"longer than the limit", whole + "x", whole + "…", whole + "…"},
		{"a character across the limit", whole[1:] + "üx", whole[1:] + "…", whole[1:] + "…"},
		{"not UTF-8", "a\xff\xfeb", "a\xff\xfeb", "a\ufffd\ufffdb"},
		{"half a character", "a\xc3", "a\xc3", "a\ufffd"},
		{"a surrogate", "\xed\xa0\x80", "\xed\xa0\x80", "\ufffd\ufffd\ufffd"},
		{"U+FFFD itself", "a\ufffd", "a\ufffd", "a\ufffd"},
		{"not UTF-8, and longer when repaired", strings.Repeat("\xff", clip.Max), strings.Repeat("\xff", clip.Max),
			strings.Repeat("\ufffd", clip.Max/3) + "…"},
		{"a megabyte that is not UTF-8", strings.Repeat("\xff", 1<<20), strings.Repeat("\xff", clip.Max-utf8.UTFMax) + "…",
			strings.Repeat("\ufffd", clip.Max/3) + "…"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			// In a megabyte that is not UTF-8, Text finds no first byte of a character.
			if tt.name != "a megabyte that is not UTF-8" {
				assert.Equal(t, tt.text, clip.Text(tt.in), "Text")
			}
			got := clip.UTF8(tt.in)
			assert.Equal(t, tt.utf8, got, "UTF8")
			assert.True(t, utf8.ValidString(got), "UTF8 is UTF-8")
			assert.LessOrEqual(t, len(got), clip.Max+len("…"), "bytes of UTF8")
		})
	}
}

func TestMethod(t *testing.T) {
	long := strings.Repeat("X", 20_000)
	for _, tt := range []struct{ method, name, attribute, original string }{
		{http.MethodGet, "GET", "GET", ""},
		{http.MethodHead, "HEAD", "HEAD", ""},
		{http.MethodPost, "POST", "POST", ""},
		{http.MethodPut, "PUT", "PUT", ""},
		{http.MethodPatch, "PATCH", "PATCH", ""},
		{http.MethodDelete, "DELETE", "DELETE", ""},
		{http.MethodConnect, "CONNECT", "CONNECT", ""},
		{http.MethodOptions, "OPTIONS", "OPTIONS", ""},
		{http.MethodTrace, "TRACE", "TRACE", ""},
		{"get", "HTTP", "_OTHER", "get"},
		{"GET ", "HTTP", "_OTHER", "GET "},
		{"", "HTTP", "_OTHER", ""},
		{"HTTP", "HTTP", "_OTHER", "HTTP"},
		{"_OTHER", "HTTP", "_OTHER", "_OTHER"},
		{"G\xffT\n", "HTTP", "_OTHER", "G\ufffdT\n"},
		{long, "HTTP", "_OTHER", long[:clip.Max] + "…"},
	} {
		assert.Equal(t, tt.name, clip.Method(tt.method), "Method(%.20q)", tt.method)
		want := []attribute.KeyValue{attribute.Int("before", 1), attribute.String("http.request.method", tt.attribute)}
		if tt.attribute == "_OTHER" {
			want = append(want, attribute.String("http.request.method_original", tt.original))
		}
		assert.Equal(t, want, clip.AppendMethod([]attribute.KeyValue{attribute.Int("before", 1)}, tt.method), "AppendMethod(%.20q)", tt.method)
	}
}
