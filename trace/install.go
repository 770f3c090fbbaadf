package trace

import (
	"errors"
	"reflect"
	"sync"

	"go.opentelemetry.io/otel"
	oteltrace "go.opentelemetry.io/otel/trace"
)

var installing sync.Mutex

// Install sets OpenTelemetry's global TracerProvider to p, or to a default Provider if p is nil.
// It sets the global propagator to the zero [Propagator]. Then libraries that know only
// OpenTelemetry see and send this package's IDs. Call Install in main, in a service without an
// SDK. Nothing else in this module changes OpenTelemetry's globals.
//
// If another provider or propagator is installed already, Install changes nothing and returns an
// error. If p is installed already, or if p is nil and any Provider is installed, Install leaves
// the provider in place, and that is no error.
func Install(p *Provider) error {
	installing.Lock()
	defer installing.Unlock()
	provider, propagator := otel.GetTracerProvider(), otel.GetTextMapPropagator()
	if !isPlaceholder(provider) {
		if installed, ok := provider.(*Provider); !ok || p != nil && installed != p {
			return errors.New("trace: Install: OpenTelemetry has a global TracerProvider already")
		}
	}
	if !isPlaceholder(propagator) && propagator != (Propagator{}) {
		return errors.New("trace: Install: OpenTelemetry has a global TextMapPropagator already")
	}
	if isPlaceholder(provider) {
		if p == nil {
			p = fallback
		}
		otel.SetTracerProvider(p)
	}
	otel.SetTextMapPropagator(Propagator{})
	return nil
}

// isPlaceholder reports whether v is one of the placeholders that OpenTelemetry uses until
// somebody sets its globals. Their types are not exported, so their package identifies them.
func isPlaceholder(v any) bool {
	t := reflect.TypeOf(v)
	return t != nil && t.Kind() == reflect.Pointer && t.Elem().PkgPath() == "go.opentelemetry.io/otel/internal/global"
}

// placeholder is OpenTelemetry's global provider before somebody sets one. Every span may ask for
// the global provider, and a comparison costs less than isPlaceholder. placeholder is nil if a
// package that was initialized earlier has set a provider.
var placeholder = func() oteltrace.TracerProvider {
	if global := otel.GetTracerProvider(); isPlaceholder(global) {
		return global
	}
	return nil
}()
