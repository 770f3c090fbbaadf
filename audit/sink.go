package audit

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"example.com/clew/audit/internal/segment"
)

// Sink takes the events of the journal instead of a Store: see [Config.Sink]. Package
// example.com/clew/audit/firehose has a Sink.
//
// A segment is sealed ten seconds after its first event, and then its events are sent. While the
// Sink refuses them, they wait in the journal, which grows on the disk. The Logger calls Send
// again after pauses of up to a minute.
type Sink interface {
	// Send takes as many events as it likes, from the first one on, and returns when they are
	// safe. The result sent is the number of events that it has taken. There is at least one
	// event, and events are in the order in which they were written. Send may range over events
	// several times until it returns, each time from the first event. The Sink may keep an Event.
	// A kept Event keeps a block of the journal in memory, usually of 256 KiB.
	//
	// The result refused is the number of events, directly after the taken ones, that the Sink
	// will never take, for example because an event is too large. Refused events are lost and
	// counted, and err says why. The events after the refused ones are offered again. If Send
	// returns 0, 0 and nil, the call has failed.
	//
	// After each call the Logger notes on disk how many events the Sink has taken. If the process
	// is killed, the next Open sends the events of the last call again. So events arrive at least
	// once, and twice if the Sink had taken them before Send returned.
	//
	// The Logger makes one call at a time, on a separate goroutine. ctx ends at the deadline of
	// [Logger.Close]. A panic is treated as an error. Send must not call runtime.Goexit or
	// [Logger.Close].
	Send(ctx context.Context, events iter.Seq[Event]) (sent, refused int, err error)
}

// errSink means that the Sink took no event. Stats already reports the reason.
var errSink = errors.New("the sink refused events")

var errIdle = errors.New("the Sink has taken no event, and gives no reason")

// send offers the Sink the events of s that the Sink has not taken yet.
func (l *Logger) send(s *journalFile) (packed, error) {
	r, err := openSegment(s.path)
	if err != nil {
		return packed{}, err
	}
	defer r.Close()
	done, err := openProgress(s)
	if err != nil {
		l.note("read the .sent file of a segment", err)
	}
	defer done.Close()
	if !r.has(s.sent) && r.err == nil && s.sent > r.events {
		l.note("read the .sent file of a segment", fmt.Errorf("the Sink has taken %d events of %s, which has %d: all are sent again", s.sent, s.path, r.events))
		s.sent = 0
		if err := done.restart(); err != nil {
			l.note("write the .sent file of a segment", err)
		}
	}
	for r.has(s.sent) {
		if err := l.sendSome(s, r); err != nil {
			return packed{}, err
		}
		// Sending goes on while the disk is full, because sent segments are deleted.
		if err := done.write(s.sent); err != nil {
			l.note("write the .sent file of a segment", err)
		}
	}
	return packed{damaged: r.damaged}, r.err
}

// sendSome calls the Sink once. The error is errSink if the Sink has neither taken nor refused an
// event.
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
	case sent < 0 || refused < 0 || sent > offered || refused > offered-sent: // sent+refused may overflow
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
	s.unsent = max(0, s.unsent-sent-refused) // unsent is 0 in a recovered segment
}

// eventOf makes an event of a record. If a key was logged twice, the event gets its last value.
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
