package logctx

import (
	"context"
	"log/slog"

	"github.com/onsi/gomega"
)

// A file that imports a package for tests counts as a test file.
func helper(ctx context.Context) {
	gomega.Expect(ctx)
	slog.Info("helper")
}
