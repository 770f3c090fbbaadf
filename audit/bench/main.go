// Command bench measures audit: in comparison with peers, at a high rate, over a long time, and in
// searches. A peer is another way to write and find events. All events are synthetic. The script
// .ci/scale-audit runs all subcommands except fleet, which .ci/audit/fleet runs.
//
//	go run . peers [-events 1000000] [-rounds 3] [-node DIRECTORY]
//	go run . sustain [-rate 500000] [-for 60s] [-producers 4]
//	go run . find [-events 30000000] [-dir DIRECTORY] [-node DIRECTORY]
//	go run . soak [-rate 20000] [-for 10m]
//	go run . filters [-rate 100000] [-for 15s]
//	go run . s3 [-versitygw PROGRAM] [-events 30000000] [-dir DIRECTORY]
//	go run . fleet [-writers 1000] [-partitions 12] [-events 300] [-dir DIRECTORY]
//
// The directory of -node must contain the npm package @duckdb/node-api. Without -node, DuckDB is
// left out.
package main

import (
	"fmt"
	"os"
)

var commands = map[string]func(args []string) error{
	"peers":   runPeers,
	"one":     runOne, // used by peers: runs one peer in a separate process
	"sustain": runSustain,
	"find":    runFind,
	"soak":    runSoak,
	"filters": runFilters,
	"s3":      runS3,
	"fleet":   runFleet,
}

func main() {
	if len(os.Args) < 2 || commands[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: bench peers|sustain|find|soak|filters|s3|fleet [flags]")
		os.Exit(2)
	}
	if err := commands[os.Args[1]](os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
