package examples_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	code := m.Run()
	imageStore.Close()
	os.Exit(code)
}

// serve sends handler the request of a caller who has a trace, and prints the answer.
func serve(handler http.Handler) {
	r := httptest.NewRequest(http.MethodGet, "/media/7", nil)
	r.Header.Set("X-B3-TraceId", "463ac35c9f6413ad")
	r.Header.Set("X-B3-SpanId", "a2fb4a1d1a96d312")
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, r)
	fmt.Print(w.Body)
}

// What README shows first must be code that runs.
func TestReadmeShowsTheExample(t *testing.T) {
	example, err := os.ReadFile("example_test.go")
	require.NoError(t, err)
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)

	_, body, ok := strings.Cut(string(example), "func Example() {\n")
	require.True(t, ok, "example_test.go has no Example")
	body, _, ok = strings.Cut(body, "\n\t// Output:")
	require.True(t, ok, "Example does not end as expected")
	body = strings.TrimPrefix(strings.ReplaceAll("\n"+body, "\n\t", "\n"), "\n")

	_, block, ok := strings.Cut(string(readme), "```go\n")
	require.True(t, ok, "README has no Go block")
	block, _, _ = strings.Cut(block, "```\n")
	assert.Equal(t, body, block, "README's first code block")
}

func TestReadmeIsShort(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	assert.LessOrEqual(t, strings.Count(string(readme), "\n"), 150, "lines of README.md")
	assert.NotContains(t, string(readme), "@@", "places still to be filled in")
}
