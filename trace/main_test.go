package trace_test

import (
	"testing"

	"example.com/clew/internal/testkit"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	// With js/wasm, runtime.handleEvent is a goroutine of the runtime.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("runtime.handleEvent"))
}

const (
	id64     = testkit.ID64
	id64High = testkit.ID64High
	id128    = testkit.ID128
	id128Low = testkit.ID128Low
	idWide   = testkit.IDWide
	spanID   = testkit.SpanID
	parentID = testkit.ParentID
	canary   = testkit.Canary
)

type said = testkit.Said
