package audit_test

import (
	"fmt"
	"strings"
	"testing"

	"example.com/clew/audit"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCandidates(t *testing.T) {
	batch, err := audit.Candidates("media-api", audit.Event{Message: "a"}, audit.Event{App: "other", Message: "b"})
	require.NoError(t, err)
	require.Len(t, batch, 2)
	assert.Equal(t, "media-api", batch[0].App())
	assert.Equal(t, "other", batch[1].App())
	assert.Equal(t, "b", batch[1].Message())
	batch, err = audit.Candidates("media-api")
	assert.NoError(t, err)
	assert.Empty(t, batch)
	for name, bad := range map[string]audit.Event{
		"audit: the trace ID is not 16 or 32 hexadecimal digits": {TraceID: "x"},
		"audit: the event is larger than Config.MaxEvent":        {Message: strings.Repeat("m", audit.MaxEvent)},
	} {
		batch, err = audit.Candidates("media-api", audit.Event{Message: "good"}, bad)
		assert.EqualError(t, err, name)
		assert.Empty(t, batch)
	}
}

// A Filter is tried on events without a Logger.
func ExampleCandidates() {
	onlyStored := func(batch []audit.Candidate) {
		for _, c := range batch {
			if c.Message() != "item stored" {
				c.Discard()
			}
		}
	}
	batch, err := audit.Candidates("media-api", audit.Event{Message: "item received"}, audit.Event{Message: "item stored"})
	if err != nil {
		fmt.Println(err)
		return
	}
	onlyStored(batch)
	for _, c := range batch {
		fmt.Println(c.Message(), c.Discarded())
	}
	// Output:
	// item received true
	// item stored false
}
