package types

type Message struct{ MessageAttributes map[string]string }
