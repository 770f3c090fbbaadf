package sarama

import "context"

type ConsumerMessage struct{ Value []byte }

type ConsumerGroupSession interface {
	Context() context.Context
}

type ConsumerGroupClaim interface {
	Messages() <-chan *ConsumerMessage
}
