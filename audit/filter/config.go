package filter

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"time"
	"unicode/utf8"

	"example.com/clew/audit/filter/internal/source"
	"go.opentelemetry.io/otel/metric"
)

const (
	pollEvery       = 30 * time.Second
	minPoll         = 100 * time.Millisecond
	defaultKeepRate = 1000
	maxApp          = 1 << 10
)

// Config configures a Set: see [Open]. Source and App are required. The zero value of every other
// field is its default.
type Config struct {
	// Source is where the filters are: a file, a URL or a directory. In a directory, the files
	// *.yaml and *.yml are read. Every service runs the code of the source. So a URL must be
	// https, or http to this machine, and may redirect only within its host.
	Source string

	// Header is the path of a file with one line "Name: value", a header for requests of a URL.
	// The file is read at each poll.
	Header string

	// SHA256 is the digest, in 64 hexadecimal digits, that the content of a file or of a URL must
	// have.
	SHA256 string

	// HMACKey is the path of a file with a key of at least 16 bytes. SignatureHeader names the
	// header of a URL's response that must hold the HMAC-SHA256 of the content with this key, in
	// hexadecimal digits. Old content with its old signature is accepted too.
	HMACKey, SignatureHeader string

	// Every is the time between two reads of the source, up to a tenth more or less. The default
	// is 30 s, and the minimum 100 ms.
	Every time.Duration

	// App is the name of the service, as in audit.Config. A filter that names apps is only for
	// those apps.
	App string

	// Filtered says that filters without apps apply to this service too.
	Filtered bool

	// Dir is the Dir of audit.Config. The Set writes the state of the filters into it: see
	// [ReadState]. If Dir is "", the Set writes no state.
	Dir string

	// Broken says what happens to events while all filters that apply are switched off because of
	// faults.
	Broken Broken

	// KeepRate is how many events a second [Keep] writes: 1,000 by default. To write none, set
	// Broken to [Discard].
	KeepRate int

	// OnOff is called when a filter was switched off. If later all other filters expire or are
	// removed, OnOff is called again for the filters that are off, with AllOff. The calls are made
	// one at a time, on a goroutine of the Set. OnOff must not call Close, because Close waits for
	// OnOff. A panic in OnOff ends the process. Nil: no calls.
	OnOff func(Off)

	// Logger gets a line for each filter that is switched off, and for each change of the source's
	// health. Nil: no lines.
	Logger *slog.Logger

	// MeterProvider gets the figures of the filters as metrics. Nil: no metrics.
	MeterProvider metric.MeterProvider
}

// complete returns cfg with its defaults filled in, the source that it names, and an error that
// joins all its faults.
func (cfg Config) complete() (Config, *source.Source, error) {
	var wrong []error
	refuse := func(format string, args ...any) { wrong = append(wrong, fmt.Errorf("filter: "+format, args...)) }

	cfg.KeepRate = cmp.Or(cfg.KeepRate, defaultKeepRate)
	cfg.Every = cmp.Or(cfg.Every, pollEvery)
	src, err := source.Open(source.Config{Where: cfg.Source, Header: cfg.Header, SHA256: cfg.SHA256,
		HMACKey: cfg.HMACKey, SignatureHeader: cfg.SignatureHeader})
	if err != nil {
		refuse("%w", err)
	}
	if cfg.App == "" || len(cfg.App) > maxApp || !utf8.ValidString(cfg.App) {
		refuse("Config.App must be a name of 1 to %d bytes in UTF-8", maxApp)
	}
	if cfg.Broken > Discard {
		refuse("Config.Broken is %d, which is neither Keep nor Discard", cfg.Broken)
	}
	if cfg.Every < minPoll {
		refuse("Config.Every is %v, less than %v", cfg.Every, minPoll)
	}
	if cfg.KeepRate < 0 {
		refuse("Config.KeepRate is %d, less than 0", cfg.KeepRate)
	}
	return cfg, src, errors.Join(wrong...)
}
