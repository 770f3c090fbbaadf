package ends

import (
	"context"
	"net"
	"os/exec"
	"time"
)

type gate struct{ open chan struct{} }

// wait uses only the end of ctx, for which the trace makes no difference.
func (g *gate) wait(ctx context.Context) error {
	select {
	case <-g.open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (g *gate) waits(ctx context.Context) { _ = g.wait(ctx) }

func (g *gate) logs(ctx context.Context) {
	_ = g.wait(ctx)
	use(ctx)
}

func circle(ctx context.Context, n int) {
	if n > 0 {
		circle(ctx, n-1)
	}
}

func use(context.Context) {}

func asks(ctx context.Context, g *gate) {
	_ = g.wait(context.Background())
	g.waits(context.Background())
	g.logs(context.Background())    // want `WithoutCancel\(ctx\)`
	circle(context.Background(), 3) // want `WithoutCancel\(ctx\)`
	timeout, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for timeout.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	longer, cancel := context.WithTimeout(context.Background(), time.Second) // want `WithoutCancel\(ctx\)`
	defer cancel()
	println(longer.Err())
	use(longer)
	used := context.Background() // want `WithoutCancel\(ctx\)`
	use(used)
}

// A process or a connection uses only the end of its context.
func starts(ctx context.Context, d *net.Dialer) {
	_ = exec.CommandContext(context.Background(), "ls")
	_, _ = d.DialContext(context.Background(), "tcp", "")
	_, _ = net.DefaultResolver.LookupHost(context.Background(), "") // want `WithoutCancel\(ctx\)`
}
