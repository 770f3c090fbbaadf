package zipkin

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"example.com/clew/internal/env"
)

// The variables that FromEnv reads. OpenTelemetry itself reads the variables for the resource, see
// newResource.
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
	defaultEndpoint = "http://localhost:9411/api/v2/spans" // as the specification says
)

// The values that OTEL_TRACES_SAMPLER may have, with or without the prefix parentBased.
const (
	alwaysOn    = "always_on"
	alwaysOff   = "always_off"
	byRatio     = "traceidratio"
	parentBased = "parentbased_"
)

var samplerNames = []string{
	alwaysOn, alwaysOff, byRatio,
	parentBased + alwaysOn, parentBased + alwaysOff, parentBased + byRatio,
}

// FromEnv returns a Provider as [NewProvider] does. Fields that are empty in cfg come from
// OpenTelemetry's environment variables, which can also turn the Provider off. So operators turn
// Zipkin on and off without a change in the program.
//
// The Provider is off if
//   - OTEL_SDK_DISABLED is true, or
//   - OTEL_TRACES_EXPORTER is set to a list without zipkin, such as none or otlp, or
//   - OTEL_TRACES_EXPORTER is not set, and neither cfg nor the environment has an endpoint.
//
// A Provider that is off records nothing and starts nothing: no goroutine, no queue, no metrics.
// It needs no service name. The program does not notice a difference: IDs, decisions and log lines
// are the same, without the cost of an SDK. All methods work: Stats are zero, and registered
// processors get no spans but are flushed and shut down.
//
// If the Provider is on:
//   - OTEL_EXPORTER_ZIPKIN_ENDPOINT sets Endpoint. Its default is
//     http://localhost:9411/api/v2/spans.
//   - OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES are read as by NewProvider.
//   - OTEL_BSP_MAX_QUEUE_SIZE sets QueueSpans.
//   - OTEL_EXPORTER_ZIPKIN_TIMEOUT, in milliseconds, is how long a post may take, instead of ten
//     seconds; 0 is no limit. If a Client's own Timeout is shorter, that Timeout applies.
//
// Whether the Provider is on or off, OTEL_TRACES_SAMPLER decides about traces that no caller has
// decided, unless cfg has a Ratio or a Sampler. Its value is always_on, always_off, or
// traceidratio with the share in OTEL_TRACES_SAMPLER_ARG (1 without it). If it is not set, one
// trace in a thousand is sampled, although the specification's default is to sample all. The
// prefix parentbased_ changes nothing, since a caller's decision is obeyed in any case: always_on
// does not sample a trace that a caller has denied, and always_off does not deny a trace that a
// caller has accepted.
//
// A field that is set in cfg wins over the environment. OTEL_SDK_DISABLED and OTEL_TRACES_EXPORTER
// count in any case: they are switches for operators, and cfg has no field for them. If
// OTEL_SDK_DISABLED is true, FromEnv reads no other variable, so that no mistake in another
// variable can keep a service from starting.
//
// A variable that is empty counts as not set. Case and white space do not matter in names. One
// error lists all that is wrong with cfg and with the variables that are read: a boolean that is
// neither true nor false, a number that is malformed or out of its range, a sampler that is
// unknown or needs a server (jaeger_remote, xray). The error quotes no endpoint and no number.
// FromEnv reads the variables once. See
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/.
func FromEnv(cfg Config) (*Provider, error) {
	s := readEnv(cfg)
	if len(s.faults) > 0 {
		return nil, s.allFaults()
	}
	var p *Provider
	var err error
	if s.off {
		p, err = newOff(s.cfg)
	} else {
		p, err = newProvider(s.cfg, s.timeout)
	}
	if err == nil && s.never {
		err = p.SetRatio(0) // not by cfg.Ratio, where 0 means the default
	}
	return p, err
}

// settings holds a Config, and what the environment says in addition.
type settings struct {
	cfg     Config
	off     bool
	never   bool // the ratio is 0
	timeout time.Duration
	faults  []error // what is wrong with the environment variables
}

// readEnv returns settings with cfg, whose empty fields are filled in from the environment.
func readEnv(cfg Config) *settings {
	s := &settings{cfg: cfg, timeout: postTime}
	disabled, err := env.True(envDisabled)
	s.keep(err)
	s.readEndpoint(disabled)
	if !disabled && cfg.Ratio == 0 && cfg.Sampler == nil {
		s.keep(s.readSampler())
	}
	if s.off {
		return s
	}
	if cfg.QueueSpans == 0 {
		s.cfg.QueueSpans, err = env.Count(envQueue)
		s.keep(err)
	}
	s.timeout, err = env.Timeout(envTimeout, postTime)
	s.keep(err)
	return s
}

func (s *settings) keep(err error) {
	if err != nil {
		s.faults = append(s.faults, fmt.Errorf("zipkin: %w", err))
	}
}

// allFaults returns the faults of the environment and those of the Config.
func (s *settings) allFaults() error {
	_, _, err := s.cfg.checked()
	all := append(s.faults, err)
	if !s.off {
		_, err = newResource(s.cfg)
		all = append(all, err)
	}
	return errors.Join(all...)
}

// readEndpoint sets s.off, and s.cfg.Endpoint, the place to which spans are sent.
func (s *settings) readEndpoint(disabled bool) {
	exporters, endpoint := env.List(envExporter), env.Text(envEndpoint)
	switch {
	case disabled:
		s.off = true
	case len(exporters) > 0:
		s.off = !slices.Contains(exporters, exporterName)
	default:
		s.off = s.cfg.Endpoint == "" && endpoint == ""
	}
	if s.cfg.Endpoint != "" {
		return
	}
	s.cfg.Endpoint = defaultEndpoint
	if s.off || endpoint == "" {
		return
	}
	if _, err := parseEndpoint(envEndpoint, endpoint); err != nil {
		s.faults = append(s.faults, err)
		return
	}
	s.cfg.Endpoint = endpoint
}

// readSampler sets the ratio from the environment, if OTEL_TRACES_SAMPLER is set.
func (s *settings) readSampler() error {
	name := env.Word(envSampler)
	if name == "" {
		return nil // without a sampler the argument is not read, as the specification says
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
