package audit

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"time"
	"unicode/utf8"

	"example.com/clew/audit/internal/segment"
	"example.com/clew/audit/lake"
	"go.opentelemetry.io/otel/metric"
)

const (
	chunkSize    = 256 << 10
	maxApp       = 1 << 10
	defaultEvent = 64 << 10
	// MaxEvent is the largest Config.MaxEvent, in bytes.
	MaxEvent = chunkSize - segment.BlockHead

	defaultBuffer = 64 << 20
	minBuffer     = (shards + 8) * chunkSize
	defaultTTL    = 14 * 24 * time.Hour
)

// Config is what [Open] needs. Dir and App are required, and the zero value of all others is the
// default.
type Config struct {
	// Dir is the directory of the journal, which is Dir/_journal, and of the Parquet files where
	// Store is nil. It is made if it is not there. A relative path is that of the working directory
	// at Open. The journal is bounded by the disk alone: it grows for as long as the store refuses
	// files.
	Dir string

	// App is the name of the service, of 1 KiB at most.
	App string

	// Store is where the Parquet files go. Nil is lake.Dir(Dir), or none where there is a Sink.
	Store lake.Store

	// Sink takes the events in the Store's place: there are no Parquet files then. A Sink and a
	// Store are an error.
	Sink Sink

	// Full is what Log does while the buffer is full.
	Full Full

	// Filter judges events before they are written: which are discarded, and which filters the
	// others have passed. Package example.com/clew/audit/filter has one that runs scripts. Nil:
	// every event is written as it was logged.
	Filter Filter

	// Buffer bounds the memory for events that are not yet in the journal, in bytes: 64 MiB by
	// default, and at least 4 MiB. A Filter needs a copy of 256 KiB of them beside.
	Buffer int

	// MaxEvent bounds an event, in bytes as encoded: 64 KiB by default, [MaxEvent] at most. A
	// larger event is not written, and counted in Stats.TooBig.
	MaxEvent int

	// TTL is how long events are kept in the store: two weeks by default. A negative TTL keeps them
	// for ever. Events that still wait in the journal are never deleted, whatever their age. With a
	// Sink, or a Store that is [lake.Shared] and deletes by itself, the TTL has no meaning.
	TTL time.Duration

	// MeterProvider has the figures of Stats as metrics. Nil: no metrics.
	MeterProvider metric.MeterProvider
}

// complete returns cfg with its defaults, and all that is wrong with it.
func (cfg Config) complete() (Config, error) {
	cfg.Buffer = cmp.Or(cfg.Buffer, defaultBuffer)
	cfg.MaxEvent = cmp.Or(cfg.MaxEvent, defaultEvent)
	cfg.TTL = cmp.Or(cfg.TTL, defaultTTL)
	err := errors.Join(cfg.setDir(), cfg.check())
	if cfg.Store == nil && cfg.Sink == nil {
		cfg.Store = lake.Dir(cfg.Dir)
	}
	return cfg, err
}

func (cfg *Config) setDir() (err error) {
	if cfg.Dir == "" {
		return errors.New("audit: Config.Dir is empty")
	}
	if cfg.Dir, err = filepath.Abs(cfg.Dir); err != nil {
		return fmt.Errorf("audit: Config.Dir: %w", err)
	}
	return nil
}

// check returns all that is wrong with a Config that has its defaults, apart from Dir.
func (cfg *Config) check() error {
	var wrong []error
	refuse := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf("audit: "+format, args...)) }
	if cfg.App == "" || len(cfg.App) > maxApp || !utf8.ValidString(cfg.App) {
		refuse("Config.App must be a name of 1 to %d bytes in UTF-8", maxApp)
	}
	if cfg.Full > Block {
		refuse("Config.Full is %d, which is neither Drop nor Block", cfg.Full)
	}
	if cfg.Buffer < minBuffer {
		refuse("Config.Buffer is %d, less than %d", cfg.Buffer, minBuffer)
	}
	if cfg.MaxEvent < 0 || cfg.MaxEvent > MaxEvent {
		refuse("Config.MaxEvent is %d, not between 1 and %d", cfg.MaxEvent, MaxEvent)
	}
	if cfg.Sink != nil && cfg.Store != nil {
		refuse("Config has both a Store and a Sink")
	}
	return errors.Join(wrong...)
}
