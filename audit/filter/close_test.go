package filter_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"example.com/clew/audit/filter"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// endsSilently closes s while its polling goroutine is reading the source. It asserts that nothing
// reports the source as broken.
func endsSilently(t *testing.T, s *filter.Set, dir string, lines *bytes.Buffer) {
	t.Helper()
	require.NoError(t, s.Close(t.Context()))
	assert.Empty(t, lines.String())
	assert.Empty(t, s.Stats().Health.Error)
	state, err := os.ReadFile(filepath.Join(dir, "_filters", "media-api.json"))
	require.NoError(t, err)
	assert.NotContains(t, string(state), "context canceled")
}

func TestCloseWhileAFileSettles(t *testing.T) {
	filters, dir := t.TempDir(), t.TempDir()
	write(t, filters, "f.yaml", rule("f", is("a")))
	synctest.Test(t, func(t *testing.T) {
		var lines bytes.Buffer
		s := open(t, filter.Config{Source: filters, Dir: dir, Every: 100 * time.Millisecond,
			Logger: slog.New(slog.NewTextHandler(&lines, nil))})
		write(t, filters, "f.yaml", rule("f", is("b")))
		time.Sleep(150 * time.Millisecond) // the poll ends after 290 ms at the earliest
		synctest.Wait()
		endsSilently(t, s, dir, &lines)
	})
}

func TestCloseWhileAURLIsRead(t *testing.T) {
	var requests atomic.Int64
	asked := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if requests.Add(1) > 1 {
			close(asked)
			<-r.Context().Done()
			return
		}
		fmt.Fprint(w, rule("f", is("a")))
	}))
	t.Cleanup(server.Close)
	dir := t.TempDir()
	var lines bytes.Buffer
	s := open(t, filter.Config{Source: server.URL, Dir: dir, Every: 100 * time.Millisecond,
		Logger: slog.New(slog.NewTextHandler(&lines, nil))})
	<-asked
	endsSilently(t, s, dir, &lines)
}
