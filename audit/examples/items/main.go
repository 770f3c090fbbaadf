// Command items runs three services that handle a stream of items. There are too many items to
// write a log line for each. Each service writes audit events into its own directory, and log
// lines for people. The events show what happened to each item, and why.
//
// Then the stream goes on, and two filters are added while it runs. One discards the events that
// nobody wants. The other loops for ever, and the service switches it off.
//
//	go run . [-svg FILE] [DIRECTORY]
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"path/filepath"
	"time"
)

func main() {
	picture := flag.String("svg", "", "write the graph as a picture to this file")
	flag.Parse()
	dir := flag.Arg(0)
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "items-"); err != nil {
			log.Fatal(err)
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	g, err := run(ctx, dir, atEase, os.Stdout)
	if err == nil && *picture != "" {
		err = writePicture(g, *picture)
	}
	if err != nil {
		stop()
		log.Fatal(err)
	}
}

// atEase is a pace that people can watch.
var atEase = pace{tick: 200 * time.Millisecond, items: 120, ticks: 12, every: 500 * time.Millisecond, limit: 30 * time.Second}

// run sends the items through the services, and then runs the live part. When it returns, the
// events are below dir/audit, and the log lines in dir/logs.
func run(ctx context.Context, dir string, p pace, out io.Writer) (g *graph, err error) {
	f, err := start(dir, p.every)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.close()) }()
	if err := story(ctx, f); err != nil {
		return nil, err
	}
	if _, err := io.WriteString(out, commands(dir)); err != nil {
		return nil, err
	}
	return live(ctx, f, dir, p, out)
}

// story sends 502 items. The last two are special: they can be followed in the events and in the
// log lines.
func story(ctx context.Context, f *fleet) error {
	for i := range 500 {
		if err := f.send(ctx, fmt.Sprintf("MNO.%d", i), "client-1"); err != nil {
			return err
		}
	}
	if err := f.send(ctx, "XYZ.123", "client-1"); err != nil {
		return err
	}
	return f.send(ctx, "ABC.456", "client-over-its-quota")
}

func writePicture(g *graph, name string) error {
	to, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(g.svg(to), to.Close())
}

// commands returns a text with commands to try.
func commands(dir string) string {
	audit, logs := filepath.Join(dir, "audit", "*"), filepath.Join(dir, "logs")
	return fmt.Sprintf(`502 items went through three services. Where is XYZ.123, and why did ABC.456 not arrive?

  clew-audit follow -d '%[1]s' XYZ.123
  clew-audit find   -d '%[1]s' item=ABC.456
  clew-audit trace  -d '%[1]s' --logs '%[2]s' TRACE   # TRACE is an ID from above; shows events and log lines
`, audit, logs)
}
