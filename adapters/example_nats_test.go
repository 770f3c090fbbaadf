package adapters_test

import (
	"context"
	"errors"
	"maps"
	"os"
	"slices"
	"time"

	"example.com/clew/logctx"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
)

// natsHeader is a carrier for the headers of a NATS message. It keeps the case of the headers'
// names. propagation.HeaderCarrier looks for the name B3, and in NATS that is not b3.
type natsHeader struct{ nats.Header }

func (h natsHeader) Keys() []string { return slices.Collect(maps.Keys(h.Header)) }

// natsPublish publishes a message with ctx's trace.
func natsPublish(ctx context.Context, conn *nats.Conn, subject string, data []byte) error {
	m := nats.NewMsg(subject)
	m.Data = data
	propagator.Inject(ctx, natsHeader{m.Header})
	return conn.PublishMsg(m)
}

// natsSubscribe calls fn for each message, in the message's trace.
func natsSubscribe(conn *nats.Conn, subject string, fn func(ctx context.Context, m *nats.Msg)) (*nats.Subscription, error) {
	return conn.Subscribe(subject, func(m *nats.Msg) {
		_ = handle(context.Background(), subject, natsHeader{m.Header}, func(ctx context.Context) error {
			fn(ctx, m)
			return nil
		})
	})
}

// natsServer returns a connection to a NATS server on loopback. Call end to stop both.
func natsServer() (conn *nats.Conn, end func()) {
	dir, err := os.MkdirTemp("", "nats")
	check(err)
	s, err := server.NewServer(&server.Options{Host: "127.0.0.1", Port: server.RANDOM_PORT, NoLog: true, NoSigs: true, JetStream: true, StoreDir: dir})
	check(err)
	s.Start()
	if !s.ReadyForConnections(time.Minute) {
		check(errors.New("NATS does not start"))
	}
	conn, err = nats.Connect(s.ClientURL())
	check(err)
	return conn, func() {
		conn.Close()
		s.Shutdown()
		s.WaitForShutdown()
		check(os.RemoveAll(dir))
	}
}

// The sender calls Inject, and the receiver calls handle.
func Example_nats() {
	conn, end := natsServer()
	defer end()
	logger := lines().Hook(logctx.Hook(logctx.Config{}))

	handled := make(chan struct{})
	_, err := natsSubscribe(conn, "orders", func(ctx context.Context, m *nats.Msg) {
		defer close(handled)
		logger.Info().Ctx(ctx).Msgf("order %s", m.Data)
		logger.Info().Msg("without a context, too")
	})
	check(err)

	ctx := handlerContext()
	check(natsPublish(ctx, conn, "orders", []byte("7")))
	<-handled
	// Output:
	// order 7 trace_id=463ac35c9f6413ad
	// without a context, too trace_id=463ac35c9f6413ad
}
