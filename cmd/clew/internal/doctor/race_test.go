package doctor

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// closing is a connection that remembers whether it was closed.
type closing struct {
	net.Conn
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

// If the first address refuses, or does not answer, race soon dials the next one.
func TestRace(t *testing.T) {
	addrs := []netip.Addr{netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2"), netip.MustParseAddr("192.0.2.3")}
	refused := errors.New("refused")
	const never = time.Hour
	for _, test := range []struct {
		name  string
		after [3]time.Duration // when each address answers
		fails [3]error
		wins  int
		takes time.Duration
		err   error
	}{
		{"the first is good", [3]time.Duration{time.Millisecond, 0, 0}, [3]error{}, 0, time.Millisecond, nil},
		{"the first does not answer", [3]time.Duration{never, time.Millisecond, never}, [3]error{}, 1, headStart + time.Millisecond, nil},
		{"two do not answer", [3]time.Duration{never, never, time.Millisecond}, [3]error{}, 2, 2*headStart + time.Millisecond, nil},
		{"the first refuses", [3]time.Duration{0, time.Millisecond, never}, [3]error{refused}, 1, time.Millisecond, nil},
		{"a slow address is not given up", [3]time.Duration{headStart + 5*time.Millisecond, never, never}, [3]error{}, 0, headStart + 5*time.Millisecond, nil},
		{"all refuse", [3]time.Duration{}, [3]error{refused, errors.New("b"), errors.New("c")}, 0, 0, refused},
		{"none answers", [3]time.Duration{never, never, never}, [3]error{}, 0, 10 * time.Second, context.DeadlineExceeded},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				began := time.Now()
				conn, at, err := race(ctx, addrs, func(ctx context.Context, a netip.Addr) (net.Conn, error) {
					i := int(a.As4()[3]) - 1
					select {
					case <-time.After(test.after[i]):
						if test.fails[i] != nil {
							return nil, test.fails[i]
						}
						return &closing{}, nil
					case <-ctx.Done():
						return nil, ctx.Err()
					}
				})
				assert.ErrorIs(t, err, test.err)
				assert.Equal(t, test.err == nil, conn != nil)
				assert.Equal(t, test.wins, at)
				assert.Equal(t, test.takes, time.Since(began))
			})
		})
	}
}

// A connection that is made too late is closed.
func TestRaceCloses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := &closing{}
		conn, at, err := race(t.Context(), make([]netip.Addr, 2), func(ctx context.Context, _ netip.Addr) (net.Conn, error) {
			time.Sleep(2 * headStart)
			if ctx.Err() != nil {
				return late, nil
			}
			return &closing{}, nil
		})
		require.NoError(t, err)
		assert.Zero(t, at)
		assert.False(t, conn.(*closing).closed)
		assert.True(t, late.closed)
	})
}
