package logctx

import (
	"context"
	"log/slog"

	"github.com/onsi/gomega"
)

// A file that imports what only tests need is a test's.
func helper(ctx context.Context) {
	gomega.Expect(ctx)
	slog.Info("helper")
}
