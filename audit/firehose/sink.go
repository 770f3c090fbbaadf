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

	// patience is how long records are sent again while Firehose takes none of them. Then the
	// Logger has the error, and offers the events later.
	patience = time.Minute
)

// Sink sends audit events to a Firehose stream: it is an [audit.Sink]. Its methods may be called
// by several goroutines at once, so that several Loggers may share it. A nil Sink takes no events.
// Sinks come from [Open].
type Sink struct {
	stream string
	calls  int
	client *firehose.Client
	http   *http.Client // nil: it is the user's
	stats  counters
}

// String is the name of the stream.
func (s *Sink) String() string {
	if s == nil {
		return "firehose: no stream"
	}
	return "firehose stream " + s.stream
}

// Send sends events, as many as the calls that run at once carry, and waits until Firehose has
// taken them. Records that Firehose refuses are sent again, they alone, after pauses that grow to
// ten seconds: as long as some of them are taken, and for a minute while none is. An error that
// time does not heal, such as a stream that is not there, is returned at once: the Logger asks
// again.
//
// Firehose may have taken records of a call that failed, or had no answer within 30 seconds. They
// are sent again: events arrive at least once.
//
// An event whose line is longer than a record may be, 1,000 KiB, is refused for good, and the error
// says which event that is. With the default audit.Config.MaxEvent there is none.
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

// putAll makes the calls of a Send, all at once, and returns the first one's error.
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
			defer func() { // the Logger guards its own goroutine alone
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

// put sends the records of a call until Firehose has taken all.
func (s *Sink) put(ctx context.Context, records []record) error {
	left := make([]*record, len(records))
	for i := range records {
		left[i] = &records[i]
	}
	pause, progress := pauseFirst, time.Now()
	for again := false; ; again = true {
		before := len(left)
		refusal := s.call(ctx, left, again)
		left = slices.DeleteFunc(left, func(r *record) bool { return r.taken })
		if len(left) == 0 {
			return nil
		}
		if len(left) < before {
			pause, progress = pauseFirst, time.Now()
		}
		if ctx.Err() != nil || !refusal.retry || time.Since(progress) >= patience {
			return refusal.of(s, ctx)
		}
		wait(ctx, pause/2+rand.N(pause/2))
		pause = min(2*pause, pauseMost)
	}
}

// call makes one call, and marks the records that Firehose has taken. The refusal says why not all
// are.
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
		refusal := refusalOf(err)
		n.FailedCalls = 1
		if refusal.throttled {
			n.Throttled = 1
		}
		return refusal
	}
	var refusal *refusal
	for i, answer := range out.RequestResponses {
		if aws.ToString(answer.ErrorCode) == "" && aws.ToString(answer.RecordId) != "" {
			records[i].take(&n)
			continue
		}
		refusal = recordRefusal(answer)
		n.FailedRecords++
		if refusal.throttled {
			n.Throttled++
		}
	}
	return refusal
}

func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
