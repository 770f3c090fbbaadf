package filter_test

import (
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"example.com/clew/audit"
	"example.com/clew/audit/filter"
	"example.com/clew/audit/lake"
)

const antonClientFilter = `
name: "anton_client_filter"
expiration: 2036-12-24T18:00:00Z   # optional
js: |
    function filter(event) {
      var client = event.context.get("client_id")
      return client != null && client == "3136"
    }
`

// deliver logs an event for each delivery to a client. The filters in the directory source decide
// which events are written to dir.
func deliver(ctx context.Context, source, dir string, clients ...string) error {
	set, err := filter.Open(filter.Config{
		Source: source, App: "media-api", Filtered: true, Dir: dir,
		OnOff: func(off filter.Off) { log.Printf("%s is off: line %d: %s", off.Name, off.Line, off.Reason) },
	})
	if err != nil {
		return err
	}
	defer set.Close(context.WithoutCancel(ctx)) // after the Logger
	l, err := audit.Open(audit.Config{Dir: dir, App: "media-api", Filter: set.Judge})
	if err != nil {
		return err
	}
	for _, client := range clients {
		l.Log(ctx, "item delivered", slog.String("client_id", client))
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return l.Close(ctx)
}

func Example() {
	source, err := os.MkdirTemp("", "filters")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(source)
	dir, err := os.MkdirTemp("", "audit")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.WriteFile(filepath.Join(source, "anton.yaml"), []byte(antonClientFilter), 0o600); err != nil {
		log.Fatal(err)
	}

	ctx := context.Background()
	if err := deliver(ctx, source, dir, "3136", "4711", "3136", "17"); err != nil {
		log.Fatal(err)
	}
	for event, err := range lake.Find(ctx, lake.Query{TraceName: "anton_client_filter"}, nil, lake.Dir(dir)) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Println(event.Message, event.Context["client_id"], event.TraceNames)
	}
	all, err := lake.Count(ctx, lake.Query{}, nil, lake.Dir(dir))
	fmt.Println(all, "events were written", err)
	// Output:
	// item delivered 3136 [anton_client_filter]
	// item delivered 3136 [anton_client_filter]
	// 2 events were written <nil>
}

func ExampleReadState() {
	dir, err := os.MkdirTemp("", "audit")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	set, err := filter.Open(filter.Config{Source: dir, App: "media-api", Dir: dir})
	if err != nil {
		log.Fatal(err)
	}
	if err := set.Close(context.Background()); err != nil {
		log.Fatal(err)
	}

	states, err := filter.ReadState(dir)
	for _, state := range states {
		fmt.Println(state.App, len(state.Filters), "filters, running:", state.IsRunning(time.Now()))
	}
	fmt.Println(err)
	// Output:
	// media-api 0 filters, running: false
	// <nil>
}
