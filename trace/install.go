package trace

import (
	"errors"
	"reflect"
	"sync"

	"go.opentelemetry.io/otel"
	oteltrace "go.opentelemetry.io/otel/trace"
)

var installing sync.Mutex

// Install makes p (nil: a default one) and the zero [Propagator] OpenTelemetry's globals, so
// that libraries that know only OpenTelemetry see and send this package's IDs. It is for
// main, in services without an SDK. Nothing else in this module touches global state.
//
// If another provider or propagator is installed already, Install changes nothing and returns an
// error. To install the same p again, or nil after a Provider, changes nothing and is no error.
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

// isPlaceholder reports whether v is one of OpenTelemetry's globals before somebody sets them.
// Their types are not exported, and are known by their package.
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
