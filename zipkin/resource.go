package zipkin

import (
	"context"
	"errors"
	"runtime/debug"
	"time"

	"go.opentelemetry.io/contrib/detectors/aws/ecs"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/resource"
)

const (
	serviceNameKey    = attribute.Key("service.name")
	serviceVersionKey = attribute.Key("service.version")
)

// detectTime is how long ECS, if we are there, may take to say so. It answers from the same host.
const detectTime = 2 * time.Second

// newResource says what a provider's spans come from: what it finds of the host, the container and the
// build, and over that what the environment says, and over that what cfg says.
func newResource(cfg Config) (*resource.Resource, error) {
	ctx, cancel := context.WithTimeout(denied, detectTime)
	defer cancel()
	opts := []resource.Option{
		resource.WithDetectors(ecs.NewResourceDetector()), // first: it says "" of a container whose ID it has not found
		resource.WithHost(),
		resource.WithContainerID(),
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		opts = append(opts, resource.WithAttributes(version(info)...))
	}
	opts = append(opts, resource.WithFromEnv(), resource.WithAttributes(cfg.Attributes...))
	if cfg.Service != "" {
		opts = append(opts, resource.WithAttributes(serviceNameKey.String(cfg.Service)))
	}
	// An error is what could not be found out, and r the rest: a service must start without.
	r, _ := resource.New(ctx, opts...)
	if name, _ := r.Set().Value(serviceNameKey); name.AsString() == "" {
		return nil, errors.New("zipkin: no Service, and none in the environment")
	}
	return r, nil
}

// version is that of the program's main module: a tag, or what the go command makes of the commit.
func version(info *debug.BuildInfo) []attribute.KeyValue {
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return []attribute.KeyValue{serviceVersionKey.String(v)}
	}
	return nil
}
