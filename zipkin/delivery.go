package zipkin

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	firstWait   = 250 * time.Millisecond // bounds the pause before the second try
	longestWait = 5 * time.Second

	// A part of a batch is lost after maxServerErrors answers of 500 in a row. After a 500,
	// another try may help, or the collector may never accept this batch.
	maxServerErrors = 3

	// maxRefusals is how many times in a row a part with several spans may be refused as malformed
	// or too large. Then refused parts are no longer halved. Finding one bad span among 512 takes
	// ten refusals.
	maxRefusals = 16

	// maxBreaks is how many times in a row the connection may break while a part of a batch is
	// posted. Then the part is halved, or lost if it is a single span. A proxy that closes the
	// connection because of a span's content looks like a collector that is down. Eight tries take
	// so long that a collector that is down costs only one span in a minute or two.
	maxBreaks = 8

	// plainBatches is how many batches are posted as plain JSON after the collector has refused a
	// compressed part and has accepted the same part as plain JSON. Then gzip is tried again: the
	// collector may be a new one, or may have refused for another reason.
	plainBatches = 1000
)

// A settle function is called as soon as a part of a batch is sent or refused. If the part is
// sent, err is nil.
type settle func(part spans, err error)

// A pause function waits for d before the next try. The parameter asked is true if the collector
// has asked for the pause, and cause is the error of the last try. The function returns an error
// if there is no more time.
type pause func(d time.Duration, asked bool, cause error) error

// A delivery holds the state of one batch that is being posted: which parts are not settled, and
// what has failed until now.
type delivery struct {
	sender *sender
	batch  *batch
	pause  pause
	settle settle

	todo   []spans // the parts that are not settled yet; the last is posted next
	posted body    // the body of the next part; its list is nil until the body is made
	plain  bool    // bodies are no longer compressed

	unread  spans  // the part whose compressed post was refused
	refusal *reply // the refusal of unread; nil: there was none

	wait    time.Duration // bounds the next pause, unless the collector asks for more
	retryAt time.Time     // when the last pause was to end; a try before retryAt is not counted

	refusals     int // refusals of several spans, in a row
	serverErrors int // answers of 500 to the next part, in a row
	breaks       int // broken connections during posts of the next part, in a row
}

// deliver posts b until each of its spans is sent or refused. If there is no more time it returns
// the error of pause or of ctx, and some spans are not settled.
func (s *sender) deliver(ctx context.Context, b *batch, pause pause, settle settle) error {
	d := delivery{sender: s, batch: b, pause: pause, settle: settle, todo: []spans{{0, b.len()}}, wait: firstWait}
	if s.plain > 0 {
		s.plain--
		d.plain = true
	}
	for len(d.todo) > 0 {
		// Without this check, post might post once more before it notices the end of ctx.
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := d.try(ctx); err != nil {
			return err
		}
	}
	return nil
}

// try posts the next part once. It returns an error if there is no more time.
func (d *delivery) try(ctx context.Context) error {
	part := d.todo[len(d.todo)-1]
	if d.posted.list == nil {
		d.posted = d.sender.body(d.batch, part, d.plain)
	}
	what, asked, err := d.sender.post(ctx, d.posted)
	if d.tryPlain(part, err) {
		return nil
	}
	early := time.Now().Before(d.retryAt) // a flush has ended the pause
	if d.retries(what, early) {
		return d.waitToRetry(asked, early, err)
	}
	d.todo, d.posted, d.serverErrors, d.breaks = d.todo[:len(d.todo)-1], body{}, 0, 0
	switch {
	case what == accepted:
		d.accept(part)
	case d.divides(what, part):
		first, second := part.halves()
		d.todo = append(d.todo, second, first)
	default:
		d.finish(part, d.refusal.and(err))
	}
	return nil
}

// tryPlain reports whether part is to be posted once more as plain JSON. A collector that cannot
// gunzip gives the same answer as a collector that finds a batch malformed. If the plain JSON is
// refused too, it is still not known which of the two faults there is, and the halves are posted
// as plain JSON.
func (d *delivery) tryPlain(part spans, err error) bool {
	var r *reply
	if d.posted.plain || !errors.As(err, &r) || !r.mayBeUnread() {
		return false
	}
	d.plain, d.unread, d.refusal, d.posted = true, part, r, body{}
	return true
}

// retries counts a failure, and reports whether the same part is to be posted again. An early try
// is not counted, because frequent flushes must not use up the tries.
func (d *delivery) retries(what verdict, early bool) bool {
	count := 1
	if early {
		count = 0
	}
	switch what {
	case failed:
		d.serverErrors, d.breaks = 0, 0
		return true
	case troubled:
		d.serverErrors += count
		return d.serverErrors < maxServerErrors
	case broken:
		d.breaks += count
		return d.breaks < maxBreaks
	}
	return false
}

// waitToRetry pauses before the next try, at least for as long as the collector has asked for.
func (d *delivery) waitToRetry(asked time.Duration, early bool, cause error) error {
	delay := d.wait/2 + rand.N(d.wait/2)
	if asked > 0 {
		// The pause is longer than asked by a random time, so that the clients of a collector do
		// not all come back at the same moment.
		delay = max(delay, asked+rand.N(asked/10+1))
	}
	if !early {
		d.wait = min(2*d.wait, longestWait)
		d.retryAt = time.Now().Add(delay)
	}
	return d.pause(delay, asked > 0, cause)
}

// divides reports whether the halves of part are to be posted.
func (d *delivery) divides(what verdict, part spans) bool {
	if part.len() == 1 {
		return false
	}
	if what == divisible {
		d.refusals++
		return d.refusals <= maxRefusals
	}
	return what == broken
}

func (d *delivery) accept(part spans) {
	if d.refusal != nil && part == d.unread {
		d.sender.plain = plainBatches
	}
	d.wait, d.refusals = firstWait, 0
	d.finish(part, nil)
}

// finish settles part and releases its memory.
func (d *delivery) finish(part spans, err error) {
	d.settle(part, err)
	d.batch.release(part)
}
