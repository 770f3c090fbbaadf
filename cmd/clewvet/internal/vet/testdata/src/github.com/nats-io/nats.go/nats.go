package nats

type Header map[string][]string

type Msg struct {
	Header Header
	Data   []byte
}

type Subscription struct{}

type Conn struct{}

func (c *Conn) Subscribe(subject string, handle func(m *Msg)) (*Subscription, error) { return nil, nil }
