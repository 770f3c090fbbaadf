package steps

import (
	"context"
	"log/slog"
)

// clewvet follows l only once. A search for each assignment would take for ever.
func built(ctx context.Context) {
	l := slog.Default()
	l = l.With("k", 0)
	l = l.With("k", 1)
	l = l.With("k", 2)
	l = l.With("k", 3)
	l = l.With("k", 4)
	l = l.With("k", 5)
	l = l.With("k", 6)
	l = l.With("k", 7)
	l = l.With("k", 8)
	l = l.With("k", 9)
	l = l.With("k", 10)
	l = l.With("k", 11)
	l = l.With("k", 12)
	l = l.With("k", 13)
	l = l.With("k", 14)
	l = l.With("k", 15)
	l = l.With("k", 16)
	l = l.With("k", 17)
	l = l.With("k", 18)
	l = l.With("k", 19)
	l = l.With("k", 20)
	l = l.With("k", 21)
	l = l.With("k", 22)
	l = l.With("k", 23)
	l = l.With("k", 24)
	l = l.With("k", 25)
	l = l.With("k", 26)
	l = l.With("k", 27)
	l = l.With("k", 28)
	l = l.With("k", 29)
	l = l.With("k", 30)
	l = l.With("k", 31)
	l = l.With("k", 32)
	l = l.With("k", 33)
	l = l.With("k", 34)
	l = l.With("k", 35)
	l = l.With("k", 36)
	l = l.With("k", 37)
	l = l.With("k", 38)
	l = l.With("k", 39)
	l.Info("built") // want `slog.Info without the context at hand`
}
