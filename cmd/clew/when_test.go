package main

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTimeFlag(t *testing.T) {
	now := time.Date(2026, 11, 26, 15, 0, 0, 0, time.UTC)
	got, err := timeFlag("--since", "15m", now)
	require.NoError(t, err)
	assert.Equal(t, now.Add(-15*time.Minute), got)
	_, err = timeFlag("--since", "\x1b[31m", now)
	require.ErrorContains(t, err, "--since wants a time such as 15m")
	assert.NotContains(t, err.Error(), "\x1b")
}
