package line_test

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	id64     = "463ac35c9f6413ad"
	id128    = "5759e988bd862e3fe1be46a994272793"
	low      = "e1be46a994272793" // of id128
	spanID   = "a2fb4a1d1a96d312"
	parentID = "05e3ac9a4f6e3b90"
	span64   = "11744061942159299346" // spanID in decimal
	low64    = "16266516598257821587" // low in decimal
)

func clip(s string) string { return s[:min(len(s), 1000)] }
