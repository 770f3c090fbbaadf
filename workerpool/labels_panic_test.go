//go:build go1.26

package workerpool_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The runtime's report of a panic contains the task's labels.
func TestLabelsInAPanic(t *testing.T) {
	t.Setenv("GODEBUG", "tracebacklabels=1")
	_, stderr, err := child(t, "Pool.Go, labelled")
	require.Error(t, err)
	assert.Contains(t, strings.ReplaceAll(stderr, `"`, ""), "{route: /items}")
}
