// Command items is three services with a stream of items, which are too many to be logged. Each
// writes audit events into a directory of its own, and log lines for what people read. The events
// tell of any item what became of it, and why.
//
//	go run ./examples/items [DIRECTORY]
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
)

func main() {
	dir := ""
	if len(os.Args) > 1 {
		dir = os.Args[1]
	} else {
		var err error
		if dir, err = os.MkdirTemp("", "items-"); err != nil {
			log.Fatal(err)
		}
	}
	if err := run(context.Background(), dir); err != nil {
		log.Fatal(err)
	}
	fmt.Print(commands(dir))
}

// run sends the items through the services. Their events are below dir when it returns, and their
// log lines in dir/logs.
func run(ctx context.Context, dir string) (err error) {
	f, err := start(dir)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := f.close(); err == nil {
			err = closeErr
		}
	}()
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

// commands is what to try.
func commands(dir string) string {
	audit, logs := filepath.Join(dir, "audit", "*"), filepath.Join(dir, "logs")
	return fmt.Sprintf(`502 items went through three services. Where is XYZ.123, and why is ABC.456 nowhere?

  clew-audit follow -d '%[1]s' XYZ.123
  clew-audit find   -d '%[1]s' item=ABC.456
  clew-audit trace  -d '%[1]s' --logs '%[2]s' TRACE   # the ID that these show: events beside log lines
`, audit, logs)
}
