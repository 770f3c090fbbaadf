package message

import "context"

type Metadata map[string]string

type Message struct {
	Metadata Metadata
	ctx      context.Context
}

func (m *Message) Context() context.Context       { return m.ctx }
func (m *Message) SetContext(ctx context.Context) { m.ctx = ctx }
