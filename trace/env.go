package trace

import (
	"errors"
	"fmt"
	"slices"

	"example.com/clew/internal/env"
	"go.opentelemetry.io/contrib/propagators/b3"
	"go.opentelemetry.io/otel/propagation"
)

const envPropagators = "OTEL_PROPAGATORS"

// The names that OTEL_PROPAGATORS may list.
const (
	nameSingle  = "b3"
	nameMulti   = "b3multi"
	nameW3C     = "tracecontext"
	nameBaggage = "baggage"
	nameNone    = "none"
)

var propagatorNames = []string{nameSingle, nameMulti, nameW3C, nameBaggage, nameNone}

// PropagatorFromEnv returns the propagator that OTEL_PROPAGATORS asks for, for the Configs of
// httpmw and httpclient and for otel.SetTextMapPropagator:
//
//   - b3 writes the single header, b3multi writes X-B3-*, and together they write both. Either
//     name makes the propagator read both forms.
//   - tracecontext beside b3 or b3multi, in any order, sets [Propagator.W3C]: B3 is read first.
//     Without them, tracecontext is OpenTelemetry's propagation.TraceContext.
//   - baggage is OpenTelemetry's propagation.Baggage.
//   - none is a propagator that reads and writes nothing. It must be the only name.
//
// Case, white space and repeated names do not matter. If the variable is not set, or lists
// nothing, the result is the zero [Propagator], which is the default everywhere in this module.
// OpenTelemetry's own default is "tracecontext,baggage".
//
// An unknown name, jaeger for instance, is an error that lists the known ones. OTEL_SDK_DISABLED
// has no effect on propagators, as the specification says:
// https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/.
func PropagatorFromEnv() (propagation.TextMapPropagator, error) {
	names := env.List(envPropagators)
	var errs []error
	for _, name := range names {
		if !slices.Contains(propagatorNames, name) {
			errs = append(errs, fmt.Errorf("trace: %w", env.Unknown(envPropagators, name, propagatorNames)))
		}
	}
	has := func(name string) bool { return slices.Contains(names, name) }
	if has(nameNone) && len(names) > 1 {
		errs = append(errs, errors.New("trace: "+envPropagators+" lists none beside other names"))
	}
	if len(errs) > 0 {
		return nil, errors.Join(errs...)
	}

	var all []propagation.TextMapPropagator
	switch {
	case has(nameSingle) || has(nameMulti) || len(names) == 0:
		p := Propagator{W3C: has(nameW3C)}
		if has(nameSingle) {
			p.Encoding = b3.B3SingleHeader
			if has(nameMulti) {
				p.Encoding |= b3.B3MultipleHeader
			}
		}
		all = append(all, p)
	case has(nameW3C):
		all = append(all, w3c)
	}
	if has(nameBaggage) {
		all = append(all, propagation.Baggage{})
	}
	// A single propagator is not put into a composite, because httpmw and httpclient have code of
	// their own for a bare Propagator.
	if len(all) == 1 {
		return all[0], nil
	}
	return propagation.NewCompositeTextMapPropagator(all...), nil
}
