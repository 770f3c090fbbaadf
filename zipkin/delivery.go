package zipkin

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

const (
	firstWait   = 250 * time.Millisecond // before the second try
	longestWait = 5 * time.Second

	// maxServerErrors is how many times a batch may be answered with 500. The collector may be in
	// trouble, or may never take this batch.
	maxServerErrors = 3

	// maxRefusals is how many times in a row several spans together may be refused as malformed or
	// too large before the batch is no longer halved. Finding one bad span among 512 takes ten
	// refusals.
	maxRefusals = 16

	// maxBreaks is how many times in a row the connection may break over part of a batch before
	// the part is halved, or lost if it is a single span. A proxy that dislikes the content looks
	// like a collector that is away. Eight tries take so long that a collector which is away costs
	// only one span in a minute or two.
	maxBreaks = 8

	// plainBatches is how many batches are posted as plain JSON after the collector took
	// uncompressed what it had refused compressed. Then gzip is tried again: the collector may be
	// a new one, or may have refused for another reason.
	plainBatches = 1000
)

// settle is told what became of part of a batch, as soon as it is known. A nil error means sent.
type settle func(part spans, err error)

// pause waits before the next try. asked says that the collector wants the pause. An error from
// pause says that there is no more time.
type pause func(d time.Duration, asked bool, because error) error

// delivery is one batch on its way, and what has failed until now.
type delivery struct {
	sender *sender
	batch  *batch
	pause  pause
	settle settle

	todo   []spans // not settled yet; the last is next
	posted body    // of the next part; its list is nil until it is made
	plain  bool    // bodies are no longer compressed

	unread  spans  // the part that was refused compressed
	refusal *reply // of that part; nil: there was none

	wait    time.Duration // before the next try
	retryAt time.Time     // when the last pause was to end; a try before that does not count

	refusals     int // refusals of several spans, in a row
	serverErrors int // answers of 500 over the next part, in a row
	breaks       int // broken connections over the next part, in a row
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
		if err := ctx.Err(); err != nil { // post may notice the end only after it has posted
			return err
		}
		if err := d.try(ctx); err != nil {
			return err
		}
	}
	return nil
}

// try posts the next part once. An error says that there is no more time.
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
// gunzip answers as others answer a malformed batch. If plain JSON is refused too, the reason
// is not known yet, and the halves go as plain JSON.
func (d *delivery) tryPlain(part spans, err error) bool {
	var r *reply
	if d.posted.plain || !errors.As(err, &r) || !r.mayBeUnread() {
		return false
	}
	d.plain, d.unread, d.refusal, d.posted = true, part, r, body{}
	return true
}

// retries counts a failure, and reports whether the same part is to be posted again. An early try
// is not counted: those who flush often must not use up the tries.
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

// waitToRetry pauses before the next try, at least for as long as the collector has asked.
func (d *delivery) waitToRetry(asked time.Duration, early bool, because error) error {
	delay := d.wait/2 + rand.N(d.wait/2)
	if asked > 0 {
		// Longer by a random time, so that the clients of a collector do not all come back at the
		// same moment.
		delay = max(delay, asked+rand.N(asked/10+1))
	}
	if !early {
		d.wait = min(2*d.wait, longestWait)
		d.retryAt = time.Now().Add(delay)
	}
	return d.pause(delay, asked > 0, because)
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

// finish settles part and lets go of its memory.
func (d *delivery) finish(part spans, err error) {
	d.settle(part, err)
	d.batch.release(part)
}
