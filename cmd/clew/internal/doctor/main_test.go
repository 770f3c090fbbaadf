package doctor_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"example.com/clew/cmd/clew/internal/doctor"
	"example.com/clew/internal/timeline"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// config returns a configuration that waits long for the first line or call, and briefly for more.
func config() doctor.Config {
	return doctor.Config{Agent: "clew-doctor/test", Timeout: 30 * time.Second, Wait: 30 * time.Second, Header: http.Header{}}.Brief()
}

func noProxy(*http.Request) (*url.URL, error) { return nil, nil }

// target returns the target of a URL. It has already looked up the addresses of the host.
func target(t *testing.T, text string) *doctor.Target {
	t.Helper()
	u, err := doctor.ParseURL(text)
	require.NoError(t, err)
	found, err := doctor.NewTarget(u, noProxy)
	require.NoError(t, err)
	found.LookUp(t.Context())
	return found
}

// serve starts a service, and returns its URL.
func serve(t *testing.T, h http.HandlerFunc) string {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv.URL + "/thing"
}

// raw starts a server that gives each connection to a function, and returns the server's address.
func raw(t *testing.T, conn func(ctx context.Context, c net.Conn)) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			stop := context.AfterFunc(ctx, func() { c.Close() })
			conn(ctx, c)
			c.Close()
			stop()
		}
	}()
	t.Cleanup(func() { l.Close(); cancel(); <-ended })
	return l.Addr().String()
}

// find returns the finding of a kind in a place, or the zero Finding.
func find(d *doctor.Diagnosis, kind doctor.Kind, where string) doctor.Finding {
	for _, f := range d.Findings {
		if f.Kind == kind && f.Where == where {
			return f
		}
	}
	return doctor.Finding{}
}

// has fails unless a diagnosis has a finding of this kind, in this place, with these two counts.
func has(t *testing.T, d *doctor.Diagnosis, kind doctor.Kind, where string, count, of int) {
	t.Helper()
	f := find(d, kind, where)
	assert.Equal(t, [2]int{count, of}, [2]int{f.Count, f.Of}, "%s, %s: canaries, in %+v", kind, where, d.Findings)
}

// logTo returns a log that reads the lines which are written to out. The function end closes out,
// and waits until the log has read all lines.
func logTo(t *testing.T) (log *doctor.Log, out *io.PipeWriter, end func()) {
	log = &doctor.Log{}
	in, out := io.Pipe()
	var reading sync.WaitGroup
	reading.Go(func() { assert.NoError(t, log.Read(in, timeline.ParserConfig{Source: "shop.log"})) })
	return log, out, func() {
		out.Close()
		reading.Wait()
	}
}

func quietLog() *log.Logger { return log.New(io.Discard, "", 0) }

// withoutDNS makes all questions to DNS fail. Only names in the computer's own files have
// addresses.
func withoutDNS(t *testing.T) {
	before := net.DefaultResolver
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, errors.New("no DNS in tests")
	}}
	t.Cleanup(func() { net.DefaultResolver = before })
}
