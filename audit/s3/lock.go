package s3

import (
	"context"
	"crypto/rand"
	"errors"
	"sync"
	"time"
)

const (
	lockName = "_compact.lock"

	// leaseTime is how long a lock lasts without renewal, by the server's clock.
	leaseTime  = 60 * time.Second
	renewEach  = 20 * time.Second
	renewAgain = 5 * time.Second // the pause after a renewal that failed

	// leaseMargin is how long before the end of the lease its holder stops. A margin is needed,
	// since the server's times are in whole seconds.
	leaseMargin = 5 * time.Second
)

// If the context that Lock returns ends before unlock, its cause is errLost.
var errLost error = &refusal{"the lock was lost: it could not be renewed in time, or another process has taken it"}

var errUnlocked = errors.New("s3: the lock was released")

// Lock writes the object _compact.lock, which names the holder. The lock is valid for a minute,
// and is renewed every 20 seconds. If it was not renewed for a minute by the server's clock,
// another process may take it. So the lock becomes free if its holder dies. The context held ends
// before the minute is over, even in a process that was paused or disconnected. After that, no
// request with this context is sent.
//
// Lock returns an error if the server ignores If-None-Match and If-Match.
func (s *Store) Lock(ctx context.Context) (held context.Context, unlock func() error, err error) {
	begin := time.Now()
	l := &lease{store: s, owner: rand.Text(), until: begin.Add(leaseTime - leaseMargin)}
	if err := l.acquire(ctx); err != nil {
		return nil, nil, s.failed("lock", lockName, err)
	}
	if err := l.checkConditions(ctx); err != nil {
		return nil, nil, errors.Join(s.failed("lock", lockName, err), l.remove(ctx))
	}
	held, l.end = context.WithCancelCause(context.WithValue(ctx, leaseKey{}, l))
	l.timer = time.AfterFunc(time.Until(l.until), l.lose)
	l.done.Go(func() { l.renew(held) })
	return held, sync.OnceValue(func() error { return l.unlock(ctx) }), nil
}
