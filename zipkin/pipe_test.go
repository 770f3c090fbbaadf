package zipkin

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A span may end just when Shutdown begins. Such a span is counted as dropped. This test is in
// package zipkin, because through an SDK such a span would reach the pipe only by chance.
func TestSpanThatEndsDuringShutdown(t *testing.T) {
	p := pipeOf(t, 10, 1000)
	go p.run()
	require.NoError(t, p.Shutdown(context.Background()), "Shutdown")
	p.put([]byte("{}"))
	c := p.read()
	assert.Equal(t, Stats{Ended: 1, Dropped: 1}, c.stats(), "Stats")
}

func pipeOf(t testing.TB, spans, bytes int) *pipe {
	endpoint, err := url.Parse("http://collector.example")
	require.NoError(t, err)
	return newPipe(Config{QueueSpans: spans, QueueBytes: bytes}, newSender(endpoint, &http.Client{Transport: http.NewFileTransport(nil)}, sizesOf(bytes)))
}
