package zipkin_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"

	"example.com/clew/internal/testkit"
	"example.com/clew/trace"
	"example.com/clew/zipkin"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
)

// origin returns the service and the tags of a span from a provider with cfg.
func origin(t *testing.T, cfg zipkin.Config) (service any, tags map[string]any) {
	t.Helper()
	cfg.Ratio = 1
	tp, p := provider(t, cfg)
	_, s := tp.Tracer("test").Start(context.Background(), "span")
	s.End()
	spans := flushed(t, tp, p)
	require.Len(t, spans, 1)
	return spans[0]["localEndpoint"].(map[string]any)["serviceName"], spans[0].tags()
}

func TestResource(t *testing.T) {
	t.Setenv("OTEL_SERVICE_NAME", "from-name")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "service.name=from-attributes,a=env,b=env")
	host, err := os.Hostname()
	require.NoError(t, err)

	service, tags := origin(t, zipkin.Config{Service: "from-config", Attributes: []attribute.KeyValue{
		attribute.String("b", "config"), attribute.String("service.name", "from-config-attributes"), attribute.Int("n", 1)}})
	assert.Equal(t, "from-config", service, "service")
	assert.Equal(t, host, tags["host.name"], "host.name")
	assert.Equal(t, "env", tags["a"], "an attribute of the environment")
	assert.Equal(t, "config", tags["b"], "an attribute of the environment and the Config")
	assert.Equal(t, "1", tags["n"], "an attribute of the Config")
	for tag := range tags {
		assert.NotContains(t, tag, "telemetry.sdk")
		assert.NotContains(t, tag, "cloud.")
	}
}

func TestServiceOfEnvironment(t *testing.T) {
	build := func() (*zipkin.Provider, error) {
		return zipkin.NewProvider(zipkin.Config{Endpoint: "http://collector.example", Client: &http.Client{Transport: new(poster)}})
	}
	t.Setenv("OTEL_SERVICE_NAME", "")
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "")
	_, err := build()
	assert.EqualError(t, err, "zipkin: no Service, and none in the environment")

	for _, env := range [][2]string{{"OTEL_SERVICE_NAME", "by-env"}, {"OTEL_RESOURCE_ATTRIBUTES", "service.name=by-env"}} {
		t.Run(env[0], func(t *testing.T) {
			t.Setenv(env[0], env[1])
			tp, err := build()
			require.NoError(t, err)
			assert.NoError(t, tp.Shutdown(context.Background()))
		})
	}
}

// TestECS: the metadata of a task in Amazon ECS become tags. Without metadata, or with nonsense in
// place of them, a service starts all the same.
func TestECS(t *testing.T) {
	const task = "arn:aws:ecs:eu-west-1:111122223333:task/default/158d1c8083dd49d6b527399fd6414f5c"
	answers := map[string]string{
		"/": `{"DockerId":"ea32192c8553fbff06c9340478a2ff089b2bb5646fb718b4ee206641c9086d66","LogDriver":"json-file",
			"ContainerARN":"arn:aws:ecs:eu-west-1:111122223333:container/0206b271-b33f-47ab-86c6-a0ba208a70a9"}`,
		"/task": `{"Cluster":"default","TaskARN":"` + task + `","Family":"media","Revision":"26","AvailabilityZone":"eu-west-1b","LaunchType":"FARGATE"}`,
	}
	transport := &http.Transport{}
	defer transport.CloseIdleConnections()
	before := http.DefaultTransport
	defer func() { http.DefaultTransport = before }()
	// The detector uses http.DefaultTransport.
	http.DefaultTransport = testkit.RoundTripper(func(r *http.Request) (*http.Response, error) {
		b, _ := trace.FromContext(r.Context())
		assert.Equal(t, trace.Deny, b.Sampling, "sampling state in the context of a request to ECS")
		return transport.RoundTrip(r)
	})
	for _, tt := range []struct {
		name    string
		handler http.HandlerFunc
		want    map[string]any
	}{
		{"Fargate", func(w http.ResponseWriter, r *http.Request) {
			path := r.URL.Path
			if path == "" {
				path = "/"
			}
			w.Write([]byte(answers[path]))
		}, map[string]any{"aws.ecs.task.arn": task, "aws.ecs.task.family": "media", "aws.ecs.task.revision": "26", "cloud.availability_zone": "eu-west-1b"}},
		{"nonsense", func(w http.ResponseWriter, r *http.Request) { w.Write([]byte("nonsense")) }, nil},
		{"an error", func(w http.ResponseWriter, r *http.Request) { w.WriteHeader(500) }, nil},
		{"no answer", func(w http.ResponseWriter, r *http.Request) { panic(http.ErrAbortHandler) }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			metadata := httptest.NewServer(tt.handler)
			defer metadata.Close()
			t.Setenv("ECS_CONTAINER_METADATA_URI_V4", metadata.URL)
			service, tags := origin(t, zipkin.Config{Service: "media-api"})
			assert.Equal(t, "media-api", service)
			for tag, want := range tt.want {
				assert.Equal(t, want, tags[tag], tag)
			}
			assert.Contains(t, tags, "host.name", "a tag that does not come from ECS")
			if tt.want == nil {
				assert.NotContains(t, tags, "aws.ecs.task.arn")
			}
		})
	}
}

// If ECS's detector does not find the container, it gives "" as container.id. This must not
// replace the ID that another detector has found.
func TestECSLeavesTheContainer(t *testing.T) {
	_, before := origin(t, zipkin.Config{Service: "media-api"})
	// With this variable, the detector sends no request.
	t.Setenv("ECS_CONTAINER_METADATA_URI", "http://metadata.example/v3")
	_, after := origin(t, zipkin.Config{Service: "media-api"})
	assert.Equal(t, "aws_ecs", after["cloud.platform"], "cloud.platform")
	assert.Equal(t, before["container.id"], after["container.id"], "container.id")
}
