package messagesextracted

import (
	"context"
	"log/slog"

	"github.com/ThreeDotsLabs/watermill/message"
)

type carrier interface {
	Extract(ctx context.Context, m message.Metadata) context.Context
}

// traced is middleware, as in package adapters: it puts the trace into each message's context.
func traced(c carrier, next func(m *message.Message) error) func(m *message.Message) error {
	return func(m *message.Message) error {
		m.SetContext(c.Extract(m.Context(), m.Metadata))
		return next(m)
	}
}

func handle(m *message.Message) error {
	slog.Info("") // want `slog.Info without the context at hand: use InfoContext\(m\.Context\(\), …\)`
	return nil
}
