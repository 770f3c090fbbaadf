package logctx_test

import (
	"context"
	"os"
	"testing"

	"example.com/clew/internal/testkit"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	if os.Getenv(fatalEnv) != "" {
		fatal() // this is the child of TestFatal
		os.Exit(0)
	}
	if run := children[os.Getenv(childEnv)]; run != nil {
		run() // this is a child of TestSlogDefault
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

const (
	id64    = testkit.ID64
	id128   = testkit.ID128
	idWide  = testkit.IDWide
	spanID  = testkit.SpanID
	low64   = testkit.DecimalLow
	span64  = testkit.DecimalSpan
	message = "hello"
)

type fields = testkit.Line

// nilContext is a nil context. Functions of this package must accept it.
var nilContext context.Context
