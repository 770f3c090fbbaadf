package line_test

import (
	"testing"

	"example.com/clew/internal/testkit"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	id64     = testkit.ID64
	id128    = testkit.ID128
	low      = testkit.LowID
	spanID   = testkit.SpanID
	parentID = testkit.ParentID
	span64   = testkit.DecimalSpan
	low64    = testkit.DecimalLow
)

func clip(s string) string { return s[:min(len(s), 1000)] }
