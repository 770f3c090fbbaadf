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
// main, in services without an SDK; nothing else in this module touches global state.
//
// It is an error, and nothing is changed, if an SDK or another propagator is installed
// already. Installing the same p again changes nothing and is no error, nor does Install(nil)
// where a Provider is installed.
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

// isPlaceholder reports whether v is what OpenTelemetry's globals hold until somebody sets
// them. Their types are told by their package, as they are not exported.
func isPlaceholder(v any) bool {
	t := reflect.TypeOf(v)
	return t != nil && t.Kind() == reflect.Pointer && t.Elem().PkgPath() == "go.opentelemetry.io/otel/internal/global"
}

// placeholder is OpenTelemetry's global provider before somebody sets one. Every span asks, and a
// comparison is less than a look at the type. Nil: somebody has set one before this package began.
var placeholder = func() oteltrace.TracerProvider {
	if global := otel.GetTracerProvider(); isPlaceholder(global) {
		return global
	}
	return nil
}()
