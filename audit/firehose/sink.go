package firehose

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"time"

	"example.com/clew/audit"
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/firehose"
	"github.com/aws/aws-sdk-go-v2/service/firehose/types"
)

const (
	callTimeout = 30 * time.Second
	pauseFirst  = 100 * time.Millisecond
	pauseMost   = 10 * time.Second

	// patience is how long a call's records are sent again while Firehose takes none of them.
	// After that, Send returns the error, and the Logger offers the events again later.
	patience = time.Minute
)

// Sink is an [audit.Sink] that sends events to a Firehose stream. [Open] returns one. Several
// goroutines may call its methods at once, so several Loggers may share a Sink. A nil Sink takes
// no events.
type Sink struct {
	stream string
	calls  int
	client *firehose.Client
	http   *http.Client // nil: the client is the user's
	stats  counters
}

// String returns the name of the stream.
func (s *Sink) String() string {
	if s == nil {
		return "firehose: no stream"
	}
	return "firehose stream " + s.stream
}

// Send sends as many events as fit into Config.Calls calls, and waits until Firehose has taken
// them. It sends only refused records again, after pauses that grow to ten seconds. It gives up
// when Firehose has taken none of a call's records for a minute. If a retry is useless, for
// example because the stream does not exist, Send returns the error at once, and the Logger tries
// again later.
//
// If a call fails, or has no answer within 30 seconds, Firehose may nevertheless have taken its
// records. Send sends them again, so events arrive at least once, and some may arrive twice.
//
// A record has at most 1,000 KiB. An event with a longer line is refused for good, and the error
// names the event. With the default audit.Config.MaxEvent, no line is that long.
func (s *Sink) Send(ctx context.Context, events iter.Seq[audit.Event]) (sent, refused int, err error) {
	if s == nil {
		return 0, 0, errors.New("firehose: the Sink is nil")
	}
	b := batches.Get().(*batch)
	defer batches.Put(b)
	b.fill(events, s.calls*recordsPerCall)
	if len(b.records) == 0 && b.tooLarge != nil {
		s.stats.add(&Stats{TooBig: 1})
		return 0, 1, b.tooLarge
	}
	err = s.putAll(ctx, b.records)
	for i := range b.records {
		if !b.records[i].taken {
			break
		}
		sent += b.records[i].events
	}
	return sent, 0, err
}

// putAll makes all calls of a Send at once, and returns the first error in the order of the
// records.
func (s *Sink) putAll(ctx context.Context, records []record) error {
	errs := make([]error, (len(records)+recordsPerCall-1)/recordsPerCall)
	if len(errs) == 1 {
		return s.put(ctx, records)
	}
	var all sync.WaitGroup
	i := 0
	for some := range slices.Chunk(records, recordsPerCall) {
		err := &errs[i]
		i++
		all.Go(func() {
			defer func() { // the Logger recovers only on its own goroutine
				if r := recover(); r != nil {
					*err = fmt.Errorf("firehose: panic: %v", r)
				}
			}()
			*err = s.put(ctx, some)
		})
	}
	all.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// put sends the records of one call, and sends refused records again, until Firehose has taken all
// of them.
func (s *Sink) put(ctx context.Context, records []record) error {
	waiting := make([]*record, len(records))
	for i := range records {
		waiting[i] = &records[i]
	}
	pause, progress := pauseFirst, time.Now()
	for again := false; ; again = true {
		before := len(waiting)
		refusal := s.call(ctx, waiting, again)
		waiting = slices.DeleteFunc(waiting, func(r *record) bool { return r.taken })
		if len(waiting) == 0 {
			return nil
		}
		if len(waiting) < before {
			pause, progress = pauseFirst, time.Now()
		}
		if ctx.Err() != nil || !refusal.retry || time.Since(progress) >= patience {
			return refusal.of(s, ctx)
		}
		wait(ctx, pause/2+rand.N(pause/2))
		pause = min(2*pause, pauseMost)
	}
}

// call makes one call, and marks the records that Firehose has taken. The result is nil if
// Firehose has taken all records. Otherwise it says why not.
func (s *Sink) call(ctx context.Context, records []*record, again bool) *refusal {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	in := &firehose.PutRecordBatchInput{DeliveryStreamName: &s.stream}
	for _, r := range records {
		in.Records = append(in.Records, types.Record{Data: r.data})
	}
	out, err := s.client.PutRecordBatch(ctx, in)
	n := Stats{Calls: 1}
	defer s.stats.add(&n)
	if again {
		n.Retries = 1
	}
	if err == nil && len(out.RequestResponses) != len(records) {
		err = fmt.Errorf("it answered for %d of %d records", len(out.RequestResponses), len(records))
	}
	if err != nil {
		why := refusalOf(err)
		n.FailedCalls = 1
		if why.throttled {
			n.Throttled = 1
		}
		return why
	}
	var why *refusal
	for i, answer := range out.RequestResponses {
		if aws.ToString(answer.ErrorCode) == "" && aws.ToString(answer.RecordId) != "" {
			records[i].take(&n)
			continue
		}
		why = recordRefusal(answer)
		n.FailedRecords++
		if why.throttled {
			n.Throttled++
		}
	}
	return why
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
