// Command clew-audit finds audit events, follows items through them, and writes them. See
// README.md.
package main

import (
	"context"
	"errors"
	"io"
	"math"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"
)

// The exit codes are those of clew. If the reader of a pipe goes away, SIGPIPE ends clew-audit,
// which shells show as 141.
const (
	exitFound       = 0
	exitNothing     = 1 // or ingest has skipped lines
	exitUsage       = 2
	exitIncomplete  = 3   // something could not be read or written, or --max-bytes has ended the search
	exitInterrupted = 130 // shells show this for a program that SIGINT ended
)

// memoryLimit is the amount of memory at which the garbage collector begins to work harder.
const memoryLimit = 440 << 20

func main() {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 { // GOMEMLIMIT is not set
		debug.SetMemoryLimit(memoryLimit)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second Ctrl-C ends clew-audit at once
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// command is the command line.
type command struct {
	Find    findCommand    `cmd:"" help:"Find events by an identifier, a trace, an app, a message."`
	Follow  followCommand  `cmd:"" help:"Follow an item through the traces that touched it."`
	Trace   traceCommand   `cmd:"" help:"Show a trace's events, and its log lines beside them."`
	Stats   statsCommand   `cmd:"" help:"Show how many events there are, and how many bytes they cost."`
	Ingest  ingestCommand  `cmd:"" help:"Write events from standard input, an object of JSON a line."`
	Filters filtersCommand `cmd:"" help:"Try filters before they are live, and show which are on."`
	Compact compactCommand `cmd:"" help:"Merge small files, and delete old ones."`
	DDL     ddlCommand     `cmd:"" name:"ddl" help:"Print the statements that make an SQL engine's table over the files."`
	SQL     sqlCommand     `cmd:"" name:"sql" help:"Print find's query in the dialect of an SQL engine."`
	Demo    demoCommand    `cmd:"" help:"Make synthetic events, and say what to try with them."`
	Version versionCommand `cmd:"" help:"Show the version of clew-audit."`
}

// run runs clew-audit with these arguments, and returns its exit code.
func run(ctx context.Context, args []string, in io.Reader, out, err io.Writer) int {
	var (
		c    command
		std  = streams{in, out, err}
		done bool
	)
	parser := kong.Must(&c,
		kong.Name("clew-audit"),
		kong.Description("Answers a question from audit events: where is this item, and where did it go?"),
		kong.Writers(out, err),
		kong.Exit(func(int) { done = true }), // after --help
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
	)
	if len(args) == 0 {
		args = []string{"--help"}
	}
	if flag := emptyFlag(args); flag != "" {
		return std.usage(commandOf(strings.Join(args[:min(len(args), 2)], " ")), usagef("%s is empty; leave it out to ask for all", flag))
	}
	parsed, parseErr := parser.Parse(flagsFirst(parser.Model, args))
	if done {
		return exitFound
	}
	if parseErr != nil {
		return std.usage(commandOf(strings.Join(args[:min(len(args), 2)], " ")), parseErr)
	}
	name := commandOf(parsed.Command())
	code, runErr := c.run(ctx, name, std)
	if wrong := (*usageError)(nil); errors.As(runErr, &wrong) {
		return std.usage(name, runErr)
	}
	if runErr != nil {
		std.say("%v", runErr)
		return exitIncomplete
	}
	return code
}

// narrowing lists the flags that narrow a search.
var narrowing = []string{"--trace", "--app", "--message", "--name", "--since", "--until", "--within"}

// emptyFlag returns a narrowing flag whose value is empty. A script with --trace "$ID" must not
// find the events of all traces if the variable ID is not set.
func emptyFlag(args []string) string {
	for i, arg := range args {
		name, value, has := strings.Cut(arg, "=")
		switch {
		case arg == "--":
			return ""
		case slices.Contains(narrowing, name) && value == "" && (has || i+1 < len(args) && args[i+1] == ""):
			return name
		}
	}
	return ""
}

func (c *command) run(ctx context.Context, name string, std streams) (int, error) {
	switch name {
	case "find":
		return c.Find.run(ctx, std)
	case "follow":
		return c.Follow.run(ctx, std)
	case "trace":
		return c.Trace.run(ctx, std)
	case "stats":
		return c.Stats.run(ctx, std)
	case "ingest":
		return c.Ingest.run(ctx, std)
	case "filters check":
		return c.Filters.Check.run(ctx, std)
	case "filters list":
		return c.Filters.List.run(ctx, std)
	case "compact":
		return c.Compact.run(ctx, std)
	case "ddl":
		return c.DDL.run(ctx, std)
	case "sql":
		return c.SQL.run(ctx, std)
	case "demo":
		return c.Demo.run(ctx, std)
	}
	return c.Version.run(std)
}

// ended returns the exit code of an answer.
func ended(ctx context.Context, found bool, problems int) int {
	switch {
	case problems > 0:
		return exitIncomplete
	case ctx.Err() != nil:
		return exitInterrupted
	case !found:
		return exitNothing
	}
	return exitFound
}
