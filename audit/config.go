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

// Config configures a Logger: see [Open]. Dir and App are required. The zero value of every other
// field is its default.
type Config struct {
	// Dir is the directory that contains the journal, in Dir/_journal, and also the Parquet files
	// if Store is nil. Open makes the directory if it does not exist. A relative path starts at
	// the working directory of Open. The journal has no limit but the disk: it grows for as long
	// as the store refuses files.
	Dir string

	// App is the name of the service, in 1 to 1,024 bytes of UTF-8.
	App string

	// Store receives the Parquet files. Nil means lake.Dir(Dir), or no store if there is a Sink.
	Store lake.Store

	// Sink receives the events instead of a Store. There are no Parquet files then. Nil: no Sink.
	// A Sink together with a Store is an error.
	Sink Sink

	// Full says what Log does while the buffer is full: by default it drops the event.
	Full Full

	// Filter judges events before they are written. It discards some events. To the others, it
	// adds the names of the filters that let them pass. Package example.com/clew/audit/filter has
	// a Filter that runs scripts. Nil: every event is written as it was logged.
	Filter Filter

	// Buffer bounds the memory for events that are not yet in the journal, in bytes: 64 MiB by
	// default, and at least 4 MiB. A Filter needs 256 KiB more, for a copy of some events.
	Buffer int

	// MaxEvent bounds the encoded size of an event, in bytes: 64 KiB by default, and at most
	// [MaxEvent]. A larger event is not written, and is counted in Stats.TooBig.
	MaxEvent int

	// TTL is how long the store keeps events: two weeks by default. A negative TTL keeps them for
	// ever. Events that still wait in the journal are never deleted, whatever their age. The TTL
	// has no effect with a Sink, or with a Store that is [lake.Shared] and deletes by itself.
	TTL time.Duration

	// MeterProvider gets the figures of Stats as metrics. Nil: no metrics.
	MeterProvider metric.MeterProvider
}

// complete returns cfg with the defaults, and an error that lists all faults of cfg.
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

// check returns an error that lists all faults of cfg, apart from those of Dir. The defaults must
// already be set.
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
