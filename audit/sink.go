package audit

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"example.com/clew/audit/internal/segment"
)

// Sink takes the events of the journal instead of a Store: see [Config.Sink]. Package
// example.com/clew/audit/firehose has one.
//
// A segment is sealed ten seconds after its first event, and then its events are sent. While the
// Sink refuses them, they wait in the journal, which grows on the disk. The Logger calls Send
// again after pauses of up to a minute.
type Sink interface {
	// Send takes as many of the first events as it likes, and returns when they are safe. Sent is
	// their number. There is at least one event, and events are in the order in which they were
	// written. Send may range over events several times until it returns, each time from the first
	// event. The Sink may keep an Event, which keeps a block of the journal in memory, mostly of
	// 256 KiB.
	//
	// Refused is the number of events after those sent that the Sink will never take, such as an
	// event that is too large. They are lost and counted, and err says why. The events after these
	// are offered again. A Sink that returns 0, 0 and nil counts as one that failed.
	//
	// After each call the Logger notes on disk how many events the Sink has taken. If the process
	// is killed, the next Open sends the events of the last call again. So events arrive at least
	// once, and twice if the Sink had taken them before Send returned.
	//
	// The Logger makes one call at a time, on a goroutine of its own. ctx ends with the deadline
	// of [Logger.Close]. A panic counts as an error. Send must not call runtime.Goexit or
	// [Logger.Close].
	Send(ctx context.Context, events iter.Seq[Event]) (sent, refused int, err error)
}

// errSink says that the Sink took nothing. Stats has the reason already.
var errSink = errors.New("the sink refused events")

var errIdle = errors.New("the Sink has taken no event, and gives no reason")

// send gives the Sink the events of s that it has not taken yet.
func (l *Logger) send(s *journalFile) (packed, error) {
	r, err := openSegment(s.path)
	if err != nil {
		return packed{}, err
	}
	defer r.Close()
	done, err := openProgress(s)
	if err != nil {
		l.note("read how far a segment was sent", err)
	}
	defer done.Close()
	if !r.has(s.sent) && r.err == nil && s.sent > r.events {
		l.note("read how far a segment was sent", fmt.Errorf("the Sink has taken %d events of %s, which has %d: all are sent again", s.sent, s.path, r.events))
		s.sent = 0
		if err := done.restart(); err != nil {
			l.note("write how far a segment was sent", err)
		}
	}
	for r.has(s.sent) {
		if err := l.sendSome(s, r); err != nil {
			return packed{}, err
		}
		// Sending goes on while the disk is full, because sent segments are deleted.
		if err := done.write(s.sent); err != nil {
			l.note("write how far a segment was sent", err)
		}
	}
	return packed{damaged: r.damaged}, r.err
}

// sendSome calls the Sink once. The error is errSink if it has taken nothing.
func (l *Logger) sendSome(s *journalFile, r *segmentReader) error {
	var sent, refused int
	offered := 0
	err := guard(func() (err error) {
		sent, refused, err = l.sink.Send(l.running, func(yield func(Event) bool) {
			n := 0
			for e := range r.from(s.sent) {
				n++
				offered = max(offered, n)
				if !yield(e) {
					return
				}
			}
		})
		return err
	})
	switch {
	case sent < 0 || refused < 0 || sent > offered || refused > offered-sent: // a sum may overflow
		sent, refused, err = 0, 0, errors.Join(err, fmt.Errorf("the Sink was offered %d events, and says that it has taken %d and refused %d", offered, sent, refused))
	case sent+refused == 0 && err == nil:
		err = errIdle
	}
	s.sent += int64(sent + refused)
	l.queue.took(s, int64(sent), int64(refused))
	if err != nil {
		l.note("send a segment", err)
	}
	if sent+refused == 0 {
		return errSink
	}
	return nil
}

// took counts the events of s that the Sink has taken, and those that it has refused.
func (q *queue) took(s *journalFile, sent, refused int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.sent += sent
	q.refused += refused
	s.unsent = max(0, s.unsent-sent-refused) // nobody has counted those of a recovered segment
}

// eventOf makes an event of a record. If a key was logged twice, its last value counts.
func eventOf(t *segment.Text, app string) Event {
	c := candidate{Text: *t, app: app}
	e := Event{Time: Candidate{&c}.Time(), TraceID: Candidate{&c}.TraceID(), App: Candidate{&c}.App(), Message: t.Message}
	for key, value := range t.Pairs() {
		if e.Context == nil {
			e.Context = make(map[string]string, 8)
		}
		e.Context[key] = value
	}
	for name := range t.Names() {
		e.TraceNames = append(e.TraceNames, name)
	}
	return e
}
