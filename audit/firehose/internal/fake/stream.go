// Package fake is a strict fake of Amazon Data Firehose: one stream with Direct PUT as its source
// and a bucket as its destination. The fake refuses what Firehose refuses, buffers by size and
// time, expands prefixes, and names objects as Firehose does. It does not check signatures.
//
// It follows these pages of https://docs.aws.amazon.com/firehose/latest/:
//
//	APIReference/API_PutRecordBatch.html, API_PutRecord.html, API_BufferingHints.html
//	dev/limits.html, dev/s3-prefixes.html, dev/s3-object-name.html
package fake

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"regexp"
	"sync"
	"time"
)

// Config configures a stream. The fields have the names of the parameters of CreateDeliveryStream.
type Config struct {
	Stream            string
	Prefix            string
	ErrorOutputPrefix string
	SizeInMBs         int // 1 to 128; 0 means 5
	IntervalInSeconds int // 0 to 900; a negative number means 300
	Gzip              bool

	// Deliver puts an object into the bucket. After an error, the stream offers the object again
	// every second.
	Deliver func(ctx context.Context, key string, body []byte) error

	// Fault returns what goes wrong with a call. The first call has the number 1. If the function
	// is nil, nothing goes wrong.
	Fault func(call int, records [][]byte) Fault
}

// Fault says what goes wrong with a call that has passed all checks.
type Fault struct {
	Code    string // the whole call is refused, with this exception
	Message string // the message of that exception
	Refuse  []int  // these records are refused, with ServiceUnavailableException
	Hang    bool   // the call gets no answer
	Taken   bool   // the records of a call without an answer (Hang) are taken nevertheless
	Body    string // the records are taken, and the answer has this body and the status 200
}

// Stream is a fake Firehose stream. Several goroutines may call its methods at once.
type Stream struct {
	cfg    Config
	prefix prefix

	mu      sync.Mutex
	calls   int
	buffer  []byte
	oldest  time.Time // the time at which the first record of the buffer arrived
	timer   *time.Timer
	closed  bool
	running context.Context
	stop    context.CancelFunc
	objects sync.WaitGroup
	errs    []error
}

const version = 1 // the version of the stream's configuration

var name = regexp.MustCompile(`^[a-zA-Z0-9_.-]{1,64}$`)

// New returns a stream, or an error if CreateDeliveryStream would refuse cfg.
func New(cfg Config) (*Stream, error) {
	if cfg.SizeInMBs == 0 {
		cfg.SizeInMBs = 5
	}
	if cfg.IntervalInSeconds < 0 {
		cfg.IntervalInSeconds = 300
	}
	switch {
	case !name.MatchString(cfg.Stream):
		return nil, fmt.Errorf("the stream's name is %q", cfg.Stream)
	case cfg.SizeInMBs < 1 || cfg.SizeInMBs > 128:
		return nil, fmt.Errorf("SizeInMBs is %d, not 1 to 128", cfg.SizeInMBs)
	case cfg.IntervalInSeconds > 900:
		return nil, fmt.Errorf("IntervalInSeconds is %d, not 0 to 900", cfg.IntervalInSeconds)
	}
	p, err := parsePrefixes(cfg.Prefix, cfg.ErrorOutputPrefix)
	if err != nil {
		return nil, err
	}
	s := &Stream{cfg: cfg, prefix: p}
	s.running, s.stop = context.WithCancel(context.Background())
	return s, nil
}

// take adds a record to the buffer, and delivers the buffer when it is full.
func (s *Stream) take(data []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.oldest.IsZero() {
		s.oldest = time.Now()
		oldest := s.oldest
		s.timer = time.AfterFunc(time.Duration(s.cfg.IntervalInSeconds)*time.Second, func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			if s.oldest.Equal(oldest) { // otherwise another buffer has begun
				s.flush()
			}
		})
	}
	s.buffer = append(s.buffer, data...) // Firehose puts nothing between records
	if len(s.buffer) >= s.cfg.SizeInMBs<<20 {
		s.flush()
	}
}

// flush begins to deliver the buffer, in the background.
func (s *Stream) flush() {
	if s.oldest.IsZero() {
		return
	}
	s.timer.Stop()
	body, oldest := s.buffer, s.oldest
	s.buffer, s.oldest = nil, time.Time{}
	s.objects.Go(func() {
		if err := s.deliver(body, oldest); err != nil {
			s.mu.Lock()
			s.errs = append(s.errs, err)
			s.mu.Unlock()
		}
	})
}

func (s *Stream) deliver(body []byte, oldest time.Time) error {
	key := s.prefix.expand(oldest) + objectName(s.cfg.Stream, oldest)
	if s.cfg.Gzip {
		key += ".gz"
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(body); err != nil {
			return err
		}
		if err := z.Close(); err != nil {
			return err
		}
		body = b.Bytes()
	}
	for {
		err := s.cfg.Deliver(context.WithoutCancel(s.running), key, body)
		if err == nil {
			return nil
		}
		select {
		case <-time.After(time.Second):
		case <-s.running.Done():
			return fmt.Errorf("object %s: %w", key, err)
		}
	}
}

// objectName returns the part of an object's name that cannot be configured.
func objectName(stream string, at time.Time) string {
	var id [16]byte
	_, _ = rand.Read(id[:])
	return fmt.Sprintf("%s-%d-%s-%x-%x-%x-%x-%x", stream, version, at.UTC().Format("2006-01-02-15-04-05"), id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// Close delivers the buffer, whatever its size and age, and waits until all objects are in the
// bucket. If the bucket refuses an object from now on, the object is not offered again, and the
// error names it.
func (s *Stream) Close() error {
	s.mu.Lock()
	s.closed = true
	s.flush()
	s.mu.Unlock()
	s.stop()
	s.objects.Wait()
	return errors.Join(s.errs...)
}
