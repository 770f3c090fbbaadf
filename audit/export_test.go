package audit

import (
	"context"
	"log/slog"
	"time"

	"example.com/clew/audit/lake"
)

// File is the file that a segment is written to.
type File = file

// Seams holds functions of tests that replace the file system and the lake. A nil function means
// the real one.
type Seams struct {
	Create func(path string) (File, error)
	Pack   func(ctx context.Context, path string) (damaged int64, manyMessages []string, err error)
	Merge  func() error
	Expire func(ttl time.Duration) error
}

// CreateFile creates the file of a segment.
var CreateFile = createFile

// ProgressLine returns a line of the file that notes how many events of a segment were sent.
var ProgressLine = progressLine

// OpenWith is Open with seams.
func OpenWith(cfg Config, with Seams) (*Logger, error) {
	s := seams{create: createFile, packSegment: packSegment, mergeLake: mergeLake, expireLake: expireLake}
	if with.Create != nil {
		s.create = with.Create
	}
	if with.Pack != nil {
		s.packSegment = func(ctx context.Context, _ lake.Store, path string) (p packed, err error) {
			p.damaged, p.manyMessages, err = with.Pack(ctx, path)
			return p, err
		}
	}
	if with.Merge != nil {
		s.mergeLake = func(context.Context, lake.Store) error { return with.Merge() }
	}
	if with.Expire != nil {
		s.expireLake = func(_ context.Context, _ lake.Store, ttl time.Duration) error { return with.Expire(ttl) }
	}
	return open(cfg, s)
}

// Encode makes a record as Log does, but adds it to no shard. It returns the record's length.
func Encode(ctx context.Context, message string, attrs ...slog.Attr) int {
	e := encoders.Get().(*encoder)
	e.encode(ctx, defaultEvent, message, attrs)
	n := len(e.b)
	encoders.Put(e)
	return n
}

// IsASCII is isASCII.
var IsASCII = isASCII
