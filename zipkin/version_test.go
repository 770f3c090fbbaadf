package zipkin

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
	"go.opentelemetry.io/otel/attribute"
)

// This test is in package zipkin, because it passes its own builds to the function version. The
// build of a test binary has no version.
func TestVersion(t *testing.T) {
	for built, want := range map[string][]attribute.KeyValue{
		"":        nil,
		"(devel)": nil,
		"v1.2.3":  {attribute.String("service.version", "v1.2.3")},
	} {
		info := &debug.BuildInfo{Main: debug.Module{Version: built}}
		assert.Equal(t, want, version(info), "version of %q", built)
	}
}
