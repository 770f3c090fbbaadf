package s3

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"time"

	"example.com/clew/audit/lake"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// leaseKey is the key of the *lease in the context that Lock returns.
type leaseKey struct{}

// lease is a lock that this process holds.
type lease struct {
	store *Store
	owner string // a part of the lock's text that is unique to this lease
	end   context.CancelCauseFunc
	timer *time.Timer
	done  sync.WaitGroup // waits for the goroutine that renews the lock

	mu    sync.Mutex
	etag  string
	until time.Time
	lost  bool
}

// acquire takes the lock. It returns an error if another process holds it.
func (l *lease) acquire(ctx context.Context) (err error) {
	when := ifAbsent()
	for range maxRounds {
		if l.etag, err = l.write(ctx, when); err == nil || !isGone(err) {
			return err
		}
		there, err := l.read(ctx)
		switch {
		case err != nil:
			return err
		case there == nil: // the holder has released the lock meanwhile
			when = ifAbsent()
		case there.ours: // an attempt of ours has succeeded, and its answer was lost
			l.etag = there.etag
			return nil
		case there.age < leaseTime:
			return fmt.Errorf("%w: %s", lake.ErrLocked, clean(strings.TrimSpace(there.text)))
		default:
			when = condition{match: &there.etag}
		}
	}
	return fmt.Errorf("%w: other processes take it again and again", lake.ErrLocked)
}

// write writes the lock if the condition is true, and returns the ETag of the lock.
func (l *lease) write(ctx context.Context, when condition) (etag string, err error) {
	host, _ := os.Hostname()
	// Each text is different, and so is each ETag. Otherwise a process that has read an expired
	// lock could take the lock even after it was renewed.
	text := fmt.Sprintf("process %d on %s at %s, %s-%s\n", os.Getpid(), host, time.Now().UTC().Format(time.RFC3339), l.owner, rand.Text())
	put, err := l.store.api.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &l.store.bucket, Key: l.store.key(lockName), Body: strings.NewReader(text),
		IfNoneMatch: when.none, IfMatch: when.match,
	})
	if err == nil && put.ETag == nil {
		err = errNoETags
	}
	if err != nil {
		return "", err
	}
	return *put.ETag, nil
}

// lockFile is the content of a lock in the store.
type lockFile struct {
	text string
	ours bool
	etag string
	age  time.Duration // the age by the server's clock
}

// read returns the lock in the store, or nil if there is none.
func (l *lease) read(ctx context.Context) (*lockFile, error) {
	of := "bytes=0-1023"
	out, err := l.store.api.GetObject(ctx, &s3.GetObjectInput{Bucket: &l.store.bucket, Key: l.store.key(lockName), Range: &of})
	if isGone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer out.Body.Close()
	text, err := io.ReadAll(out.Body)
	if err != nil {
		return nil, err
	}
	server, ok := awsmiddleware.GetServerTime(out.ResultMetadata)
	if !ok || out.LastModified == nil || out.ETag == nil {
		return nil, errors.New("the server does not say how old the lock is")
	}
	return &lockFile{text: string(text), ours: strings.Contains(string(text), l.owner), etag: *out.ETag, age: server.Sub(*out.LastModified)}, nil
}

// checkConditions tests, once for each Store, whether the server supports conditions. It tries two
// writes that the server must refuse while the lock exists.
func (l *lease) checkConditions(ctx context.Context) error {
	if l.store.conditional.Load() {
		return nil
	}
	none := `"00000000000000000000000000000000"`
	for _, when := range []condition{ifAbsent(), {match: &none}} {
		_, err := l.write(ctx, when)
		if err == nil {
			return errors.New("the server ignores If-None-Match and If-Match, and the lock needs them")
		}
		if !isPrecondition(err) {
			return err
		}
	}
	l.store.conditional.Store(true)
	return nil
}

// valid reports whether the lock is certainly held. It also checks the wall clock, because the
// monotonic clock stops while a machine sleeps.
func (l *lease) valid() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	return !l.lost && now.Before(l.until) && now.Round(0).Before(l.until.Round(0))
}

func (l *lease) lose() {
	l.mu.Lock()
	l.lost = true
	l.mu.Unlock()
	l.end(errLost)
}

// renew renews the lock until the context held ends.
func (l *lease) renew(held context.Context) {
	pause := renewEach
	for sleep(held, pause) == nil {
		pause = renewAgain // the pause after an error; the timer ends the lease if errors go on
		begin := time.Now()
		etag, err := l.write(held, condition{match: l.match()})
		if err == nil {
			l.extend(etag, begin)
			pause = renewEach
			continue
		}
		if !isGone(err) {
			continue
		}
		begin = time.Now()
		switch there, err := l.read(held); {
		case err != nil:
		case there == nil || !there.ours:
			l.lose()
		default: // the answer to a renewal was lost
			l.extend(there.etag, begin.Add(-there.age-time.Second)) // the age is in whole seconds
			pause = renewEach
		}
	}
}

func (l *lease) match() *string {
	l.mu.Lock()
	defer l.mu.Unlock()
	etag := l.etag
	return &etag
}

// extend sets the end of the lease. It counts from the time begin, which is before the lock was
// written. Other processes count from a later time, so for them the lease ends later.
func (l *lease) extend(etag string, begin time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.etag, l.until = etag, begin.Add(leaseTime-leaseMargin)
	l.timer.Reset(time.Until(l.until))
}

// unlock ends the held context, and deletes the lock if it was not lost.
func (l *lease) unlock(ctx context.Context) error {
	l.end(errUnlocked)
	l.done.Wait()
	l.timer.Stop()
	if !l.valid() {
		return l.store.failed("unlock", lockName, errLost)
	}
	return l.remove(ctx)
}

// remove deletes the lock, even if ctx has ended. The request must end before the lease does,
// because another process may hold the lock afterwards.
func (l *lease) remove(ctx context.Context) error {
	ctx, cancel := context.WithDeadline(context.WithoutCancel(ctx), l.until)
	defer cancel()
	err := l.delete(ctx, l.match())
	if isPrecondition(err) { // after a lost answer to a renewal, the ETag is another one
		there, readErr := l.read(ctx)
		if readErr == nil && there != nil && there.ours {
			err = l.delete(ctx, &there.etag)
		}
	}
	if isGone(err) && !isPrecondition(err) {
		return nil
	}
	return l.store.failed("unlock", lockName, err)
}

func (l *lease) delete(ctx context.Context, match *string) error {
	input := &s3.DeleteObjectInput{Bucket: &l.store.bucket, Key: l.store.key(lockName), IfMatch: match}
	_, err := l.store.api.DeleteObject(ctx, input)
	if isCode(err, "NotImplemented") { // the deadline suffices: until then, the lock is ours
		input.IfMatch = nil
		_, err = l.store.api.DeleteObject(ctx, input)
	}
	return err
}
