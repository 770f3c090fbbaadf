package zipkin

import (
	"context"
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// In the package, because the SDK asks no processor any more once Shutdown has begun, but for a span that was ending just then.
func TestSpanThatEndsDuringShutdown(t *testing.T) {
	endpoint, err := url.Parse("http://collector.example")
	require.NoError(t, err)
	p := newPipe(Config{QueueSpans: 10, QueueBytes: 1000}, newSender(endpoint, &http.Client{Transport: http.NewFileTransport(nil)}))
	go p.run()
	require.NoError(t, p.Shutdown(context.Background()))
	p.put([]byte("{}"))
	c := p.read()
	assert.Equal(t, Stats{Ended: 1, Dropped: 1}, c.stats())
}
