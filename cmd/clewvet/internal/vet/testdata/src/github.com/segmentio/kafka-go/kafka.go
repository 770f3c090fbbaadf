package kafka

import "context"

type Header struct {
	Key   string
	Value []byte
}

type Message struct {
	Topic   string
	Value   []byte
	Headers []Header
}

type Reader struct{}

func (r *Reader) ReadMessage(ctx context.Context) (Message, error)              { return Message{}, nil }
func (r *Reader) FetchMessage(ctx context.Context) (Message, error)             { return Message{}, nil }
func (r *Reader) CommitMessages(ctx context.Context, messages ...Message) error { return nil }
