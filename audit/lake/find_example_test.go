package lake_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"example.com/clew/audit/lake"
)

// The example searches the directory of a service for an item. The directory does not exist here,
// so nothing is found.
func ExampleFind() {
	query := lake.Query{
		Context: map[string]string{"network": "instagram", "network_id": "1584258444344170009_249075471"},
		Since:   time.Now().Add(-2 * time.Hour),
		Limit:   100,
	}
	var report lake.Report
	for event, err := range lake.Find(context.Background(), query, &report, lake.Dir("testdata/nothing")) {
		var tooMuch *lake.TooMuchError
		if errors.As(err, &tooMuch) {
			fmt.Println(tooMuch.Narrow)
		}
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(event.Time, event.App, event.Message, event.TraceID)
	}
	fmt.Println("searched", report.Files, "files and", report.Segments, "segments of journals")
	for _, skipped := range report.Skipped {
		fmt.Printf("not read: %q: %v\n", skipped.Name, skipped.Err)
	}
	// Output: searched 0 files and 0 segments of journals
}

func ExampleFollow() {
	query := lake.Query{Values: []string{"XYZ.123"}}
	story, err := lake.Follow(context.Background(), query, lake.Bounds{}, nil, lake.Dir("testdata/nothing"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, step := range story.Events {
		fmt.Println(step.Gap, step.App, step.Message, step.By)
	}
	fmt.Println(story.Traces, "traces")
	// Output: 0 traces
}

func ExampleStats() {
	statistics, err := lake.Stats(context.Background(), time.Time{}, time.Time{}, nil, lake.Dir("testdata/nothing"))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, key := range statistics.Keys {
		fmt.Println(key.Key, key.Bytes)
	}
	fmt.Println(len(statistics.Partitions), "partitions")
	// Output: 0 partitions
}
