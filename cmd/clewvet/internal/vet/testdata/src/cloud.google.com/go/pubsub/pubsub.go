package pubsub

import "context"

type Message struct{ Attributes map[string]string }

type Subscription struct{}

func (s *Subscription) Receive(ctx context.Context, handle func(context.Context, *Message)) error {
	return nil
}
