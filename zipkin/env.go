package zipkin

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/clew/internal/env"
)

// The variables that FromEnv reads, beside those that newResource leaves to OpenTelemetry.
const (
	envDisabled   = "OTEL_SDK_DISABLED"
	envExporter   = "OTEL_TRACES_EXPORTER"
	envEndpoint   = "OTEL_EXPORTER_ZIPKIN_ENDPOINT"
	envTimeout    = "OTEL_EXPORTER_ZIPKIN_TIMEOUT"
	envQueue      = "OTEL_BSP_MAX_QUEUE_SIZE"
	envSampler    = "OTEL_TRACES_SAMPLER"
	envSamplerArg = "OTEL_TRACES_SAMPLER_ARG"
)

const (
	exporterName    = "zipkin"
	defaultEndpoint = "http://localhost:9411/api/v2/spans" // the specification's
)

// The names that OTEL_TRACES_SAMPLER may have, with parentBased before them or without.
const (
	alwaysOn    = "always_on"
	alwaysOff   = "always_off"
	byRatio     = "traceidratio"
	parentBased = "parentbased_"
)

var samplerNames = []string{alwaysOn, alwaysOff, byRatio, parentBased + alwaysOn, parentBased + alwaysOff, parentBased + byRatio}

// FromEnv returns a Provider as [NewProvider] does, with what cfg leaves empty taken from
// OpenTelemetry's environment variables, or one that is off. So Zipkin goes on and off without a
// change in the program.
//
// The Provider is off if
//   - OTEL_SDK_DISABLED is true, or
//   - OTEL_TRACES_EXPORTER is set, and zipkin is not in its list: none, otlp, or
//   - neither OTEL_TRACES_EXPORTER nor an endpoint is set, in cfg or in the environment.
//
// One that is off records nothing and starts nothing: no goroutine, no queue, no metrics. The
// program does not notice. IDs, decisions and log lines are the same, at the cost of no SDK, and
// no method needs another treatment: Stats are zero, and the processors that are registered get no
// spans but are flushed and shut down. It needs no service name.
//
// Where the Provider is on:
//   - OTEL_EXPORTER_ZIPKIN_ENDPOINT is Endpoint; http://localhost:9411/api/v2/spans if it is not
//     set.
//   - OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES are read as by NewProvider.
//   - OTEL_BSP_MAX_QUEUE_SIZE is QueueSpans.
//   - OTEL_EXPORTER_ZIPKIN_TIMEOUT, in milliseconds, is how long a post may take, instead of ten
//     seconds; 0 is no limit. A Client's own Timeout counts if it is less.
//
// On or off, OTEL_TRACES_SAMPLER decides what no caller has decided, unless cfg has a Ratio or a
// Sampler: always_on, always_off, or traceidratio with the share in OTEL_TRACES_SAMPLER_ARG (1
// without it). Not set, it is one trace in a thousand, and not all of them, which is the
// specification's default. With parentbased_ before the name it is the same: what a caller has
// decided is obeyed in any case, so that always_on does not sample what a caller has denied, nor
// does always_off deny what a caller has accepted.
//
// A field of cfg that is set wins over the environment. OTEL_SDK_DISABLED and OTEL_TRACES_EXPORTER
// count in any case: they are switches for operators, and cfg has no field for them. If
// OTEL_SDK_DISABLED is true nothing else in the environment is read, so that nothing there can
// keep a service from starting.
//
// A variable that is empty counts as not set. Case and white space do not matter in names. All
// that is wrong with cfg and with the variables that are read is one error: a boolean that is
// neither true nor false, a number that is none or out of its range, a sampler that is unknown or
// needs a server (jaeger_remote, xray). The error quotes nothing of an endpoint or a number. The
// variables are read once, here. See
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/.
func FromEnv(cfg Config) (*Provider, error) {
	s, errs := readEnv(cfg)
	if len(errs) > 0 {
		_, _, err := s.cfg.checked()
		errs = append(errs, err)
		if !s.off {
			_, err = newResource(s.cfg)
			errs = append(errs, err)
		}
		return nil, errors.Join(errs...)
	}
	var p *Provider
	var err error
	if s.off {
		p, err = newOff(s.cfg)
	} else {
		p, err = newProvider(s.cfg, s.timeout)
	}
	if err == nil && s.never {
		err = p.SetRatio(0) // not in Config, where 0 means the default
	}
	return p, err
}

// settings are a Config and what it cannot say.
type settings struct {
	cfg     Config
	off     bool
	never   bool // the ratio is 0
	timeout time.Duration
}

// readEnv fills in what cfg leaves empty.
func readEnv(cfg Config) (s settings, errs []error) {
	keep := func(err error) {
		if err != nil {
			errs = append(errs, fmt.Errorf("zipkin: %w", err))
		}
	}
	s.cfg, s.timeout = cfg, postTime

	disabled, err := env.True(envDisabled)
	keep(err)
	exporters, endpoint := env.List(envExporter), env.Text(envEndpoint)
	switch {
	case disabled:
		s.off = true
	case len(exporters) > 0:
		s.off = !slices.Contains(exporters, exporterName)
	default:
		s.off = cfg.Endpoint == "" && endpoint == ""
	}
	if !s.off && cfg.Endpoint == "" && endpoint != "" {
		if _, err := parseEndpoint(envEndpoint, endpoint); err != nil {
			errs = append(errs, err)
		} else {
			s.cfg.Endpoint = endpoint
		}
	}
	if s.cfg.Endpoint == "" {
		s.cfg.Endpoint = defaultEndpoint
	}
	if !disabled && cfg.Ratio == 0 && cfg.Sampler == nil {
		keep(s.readSampler())
	}
	if s.off {
		return s, errs
	}
	if cfg.QueueSpans == 0 {
		s.cfg.QueueSpans, err = env.Count(envQueue)
		keep(err)
	}
	s.timeout, err = env.Timeout(envTimeout, postTime)
	keep(err)
	return s, errs
}

// readSampler takes the ratio from the environment, if that has one.
func (s *settings) readSampler() error {
	name := env.Word(envSampler)
	if name == "" {
		return nil // and the argument is not read, as the specification says
	}
	share := 1.0
	switch strings.TrimPrefix(name, parentBased) {
	case alwaysOn:
	case alwaysOff:
		share = 0
	case byRatio:
		var err error
		if share, err = env.Share(envSamplerArg, 1); err != nil {
			return err
		}
	default:
		return env.Unknown(envSampler, name, samplerNames)
	}
	s.cfg.Ratio, s.never = share, share == 0
	return nil
}
