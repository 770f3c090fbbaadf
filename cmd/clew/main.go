// Command clew answers questions from log lines. README.md is the manual.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"unicode"

	"github.com/alecthomas/kong"
)

// The exit codes. A pipe whose reader goes away ends clew by SIGPIPE, which shells show as 141.
const (
	exitFound       = 0
	exitNothing     = 1
	exitUsage       = 2
	exitIncomplete  = 3   // a source was not read to its end, or the like: see README.md
	exitInterrupted = 130 // what shells show for a program that SIGINT has ended
)

// memoryLimit is the memory limit of the Go runtime, in bytes. Near it, the garbage collector
// works harder. Everything that clew keeps fits into less memory than that.
const memoryLimit = 440 << 20

func main() {
	if debug.SetMemoryLimit(-1) == math.MaxInt64 { // GOMEMLIMIT is not set
		debug.SetMemoryLimit(memoryLimit)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second Ctrl-C ends clew at once
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// command is the command line.
type command struct {
	Timeline timelineCommand `cmd:"" help:"Show what one request did, or list the requests."`
	Map      mapCommand      `cmd:"" help:"Show who calls whom, and where traces break."`
	Doctor   doctorCommand   `cmd:"" help:"Send requests to a running service, and report what it does with a trace."`
	Version  versionCommand  `cmd:"" help:"Say which version of clew this is."`
}

// streams are the standard input, output and error of a command.
type streams struct {
	in       io.Reader
	out, err io.Writer
	command  string // the command's name; "": the arguments name none
}

// run runs clew with these arguments, and returns its exit code. When ctx ends, run shows what was
// read so far.
func run(ctx context.Context, args []string, in io.Reader, out, err io.Writer) int {
	var (
		c    command
		std  = streams{in: in, out: out, err: err}
		done bool
	)
	parser := kong.Must(&c,
		kong.Name("clew"),
		kong.Description("Answers from everybody's log lines: what did this request do, and who calls whom?"),
		kong.Writers(out, err),
		kong.Exit(func(int) { done = true }), // after --help
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
	)
	if len(args) == 0 {
		args = []string{"--help"}
	}
	if slices.ContainsFunc(parser.Model.Children, func(n *kong.Node) bool { return n.Name == args[0] }) {
		std.command = args[0]
	}
	_, parseErr := parser.Parse(flagsFirst(parser.Model, args))
	if done {
		return exitFound
	}
	if parseErr != nil {
		return std.usage(parseErr)
	}
	var code int
	switch std.command {
	case "doctor":
		code, parseErr = c.Doctor.run(ctx, std)
	case "version":
		code, parseErr = c.Version.run(std)
	case "map":
		code, parseErr = c.Map.run(ctx, std)
	default:
		code, parseErr = c.Timeline.run(ctx, std)
	}
	if wrong := (*usageError)(nil); errors.As(parseErr, &wrong) {
		return std.usage(parseErr)
	}
	if parseErr != nil {
		std.say("%v", parseErr)
		return exitIncomplete
	}
	return code
}

// usageError is an error of the command line.
type usageError struct{ text string }

func (e *usageError) Error() string { return e.text }

func usagef(format string, args ...any) error { return &usageError{fmt.Sprintf(format, args...)} }

func (s streams) usage(err error) int {
	s.say("%v", err)
	fmt.Fprintln(s.err, strings.Join(strings.Fields("See: clew "+s.command+" --help"), " "))
	return exitUsage
}

// say writes a line to standard error.
func (s streams) say(format string, args ...any) {
	fmt.Fprintln(s.err, "clew: "+printable(fmt.Sprintf(format, args...)))
}

// sayAll writes each problem to standard error.
func (s streams) sayAll(problems []error) {
	for _, problem := range problems {
		s.say("%v", problem)
	}
}

// printable returns text with an escape for each character that a terminal could obey. Others
// choose the names and the contents of files, so both may be hostile.
func printable(text string) string {
	if strings.IndexFunc(text, hostile) < 0 {
		return text
	}
	var b strings.Builder
	for _, r := range text {
		if hostile(r) {
			quoted := fmt.Sprintf("%+q", r)
			b.WriteString(quoted[1 : len(quoted)-1])
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}

func hostile(r rune) bool { return !unicode.IsPrint(r) || r == unicode.ReplacementChar }

type versionCommand struct{}

func (versionCommand) run(std streams) (int, error) {
	text := "clew"
	if info, ok := debug.ReadBuildInfo(); ok {
		text += " " + info.Main.Version + " " + info.GoVersion
	}
	_, err := fmt.Fprintln(std.out, text)
	return exitFound, err
}
