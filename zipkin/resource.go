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

// detectTime is how long ECS may take to answer a request for the task's metadata. The answer
// comes from the same host.
const detectTime = 2 * time.Second

// newResource returns the attributes that all spans of a Provider share: the host, the container
// and the build. Attributes from the environment win over these, and attributes from cfg win over
// the environment.
func newResource(cfg Config) (*resource.Resource, error) {
	ctx, cancel := context.WithTimeout(denied, detectTime)
	defer cancel()
	opts := []resource.Option{
		// This option is the first, so that the later ones win: the ECS detector gives "" as the
		// ID of a container that it does not find.
		resource.WithDetectors(ecs.NewResourceDetector()),
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
	// The error says which facts were not found. It is ignored, because a service must start
	// without them. r has all other facts.
	r, _ := resource.New(ctx, opts...)
	if name, _ := r.Set().Value(serviceNameKey); name.AsString() == "" {
		return nil, errors.New("zipkin: no Service, and none in the environment")
	}
	return r, nil
}

// version returns the version of the program's main module as an attribute: a tag, or the version
// that the go command makes from the commit.
func version(info *debug.BuildInfo) []attribute.KeyValue {
	if v := info.Main.Version; v != "" && v != "(devel)" {
		return []attribute.KeyValue{serviceVersionKey.String(v)}
	}
	return nil
}
