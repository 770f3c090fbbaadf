package amqp091

type Table map[string]any

type Delivery struct{ Headers Table }
