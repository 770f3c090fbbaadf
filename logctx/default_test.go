package logctx_test

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"example.com/clew/internal/testkit"
	"example.com/clew/logctx"
	"github.com/rs/zerolog"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// childEnv is the environment variable with the name of the child that this process runs. A child
// may hang or change globals, so each runs in a process of its own.
const childEnv = "LOGCTX_TEST_CHILD"

// ids are the IDs of testkit.Request() as the default handler writes them.
const ids = " trace_id=" + id128 + " span_id=" + spanID

// ownDefault returns our handler around slog's own default handler.
func ownDefault(cfg logctx.Config) slog.Handler { return logctx.Slog(slog.Default().Handler(), cfg) }

func setDefault(h slog.Handler) { slog.SetDefault(slog.New(h)) }

// say writes a line in each way that leads to slog's default handler.
func say() {
	slog.InfoContext(testkit.Request(), message, "k", "v")
	slog.Warn(message)
	log.Print(message)
}

// said returns the lines that say writes. The parameter more is a text that the
// lines of slog also contain.
func said(more string) []string {
	return []string{"INFO hello" + ids + more + " k=v", "WARN hello" + more, "INFO hello"}
}

var children = map[string]func(){
	"SetDefault": func() {
		setDefault(ownDefault(logctx.Config{}))
		say()
	},
	"with attributes and groups": func() {
		setDefault(ownDefault(logctx.Config{}).WithAttrs([]slog.Attr{slog.String("a", "1")}).WithGroup("g"))
		slog.InfoContext(testkit.Request(), message, "k", "v")
		slog.With("b", "2").WithGroup("h").InfoContext(testkit.Request(), message, "k", "v")
		slog.With("trace_id", "mine").Info(message)
	},
	"wrapped twice": func() {
		setDefault(logctx.Slog(ownDefault(logctx.Config{}), logctx.Config{}))
		say()
	},
	"wrapped twice, nothing missing": func() {
		missing := logctx.Config{OnMissing: func(runtime.Frame) { fmt.Println("missing") }}
		setDefault(logctx.Slog(ownDefault(missing), missing))
		slog.InfoContext(testkit.Request(), message, "k", "v")
	},
	"set twice": func() {
		setDefault(ownDefault(logctx.Config{}))
		setDefault(ownDefault(logctx.Config{}))
		say()
	},
	"in another handler": func() {
		setDefault(between{ownDefault(logctx.Config{})})
		say()
	},
	"set, and set back": func() { // as tests do in a Cleanup
		old := slog.Default()
		setDefault(ownDefault(logctx.Config{}))
		slog.SetDefault(old)
		say()
	},
	"package log had file and line": func() { // they would point into our package
		log.SetFlags(log.Lshortfile)
		setDefault(ownDefault(logctx.Config{}))
		say()
	},
	"package log's standard logger, by its methods": func() {
		setDefault(ownDefault(logctx.Config{}))
		log.Default().Print(message)
		log.Default().Output(1, message)
	},
	"at once": func() {
		log.SetFlags(0) // so that lines can be sorted
		setDefault(ownDefault(logctx.Config{}))
		done := make(chan bool)
		for range 8 {
			go func() {
				say()
				done <- true
			}()
		}
		for range 8 {
			<-done
		}
	},
	"package log has another output again": func() {
		setDefault(ownDefault(logctx.Config{}))
		log.SetOutput(os.Stdout)
		log.SetPrefix("out: ")
		say()
	},
	"package log had a prefix": func() {
		log.SetPrefix("former: ")
		log.SetFlags(log.LstdFlags | log.Lmsgprefix)
		setDefault(ownDefault(logctx.Config{}))
		say()
	},
	"a server's error log": func() {
		setDefault(ownDefault(logctx.Config{}))
		slog.NewLogLogger(slog.Default().Handler(), slog.LevelError).Print(message)
	},
	"levels": func() {
		setDefault(ownDefault(logctx.Config{}))
		slog.Debug("too low")
		slog.SetLogLoggerLevel(slog.LevelDebug)
		slog.Debug(message)
	},
	"missing": func() { // OnMissing is called once for each line, with the place of the line
		setDefault(ownDefault(logctx.Config{OnMissing: func(site runtime.Frame) {
			fmt.Println("missing in", site.Function[strings.LastIndexByte(site.Function, '.')+1:])
		}}))
		say()
	},
	"another handler is the default": func() { // nothing hangs, and the lines go to this other handler
		ours := slog.New(ownDefault(logctx.Config{}))
		setDefault(slog.NewTextHandler(os.Stdout, nil))
		ours.InfoContext(testkit.Request(), message, "k", "v")
	},
	"zerolog under package log": func() {
		log.SetOutput(logctx.New(log.Writer()).Hook(zerolog.HookFunc(func(*zerolog.Event, zerolog.Level, string) { fmt.Println("written") })))
		say()
	},
	"zerolog under slog, package log over both": func() {
		setDefault(logctx.Slog(zerolog.NewSlogHandler(logctx.New(log.Writer())), logctx.Config{}))
		slog.InfoContext(testkit.Request(), message)
		log.Print(message)
	},
	"zerolog over package log, ours the default": func() {
		setDefault(ownDefault(logctx.Config{}))
		logger := zerolog.New(log.Writer()).Hook(logctx.Hook(logctx.Config{}))
		logger.Log().Ctx(testkit.Request()).Msg(message)
	},
}

// slog's own default handler writes through package log, and SetDefault makes package log write
// through slog's default handler. So if a wrapper around slog's own handler becomes the default,
// it waits for itself (golang/go#62424). Our handler must not wait.
func TestSlogDefault(t *testing.T) {
	for _, test := range []struct {
		child  string
		stderr []string // the ends of the lines
		stdout []string
	}{
		{child: "SetDefault", stderr: said("")},
		{child: "with attributes and groups", stderr: []string{
			"INFO hello a=1" + ids + " g.k=v", "INFO hello a=1" + ids + " g.b=2 g.h.k=v", "INFO hello a=1 g.trace_id=mine"}},
		{child: "wrapped twice", stderr: said("")},
		{child: "wrapped twice, nothing missing", stderr: said("")[:1]},
		{child: "set twice", stderr: said("")},
		{child: "in another handler", stderr: said("")},
		{child: "set, and set back", stderr: []string{"INFO hello k=v", "WARN hello", "INFO hello"}},
		{child: "package log had file and line", stderr: said("")},
		{child: "package log's standard logger, by its methods", stderr: []string{"INFO hello", "INFO hello"}},
		{child: "at once", stderr: slices.Repeat(said(""), 8)},
		{child: "package log has another output again", stdout: []string{"out: INFO hello" + ids + " k=v", "out: WARN hello", "out: hello"}},
		{child: "package log had a prefix", stderr: []string{" former: INFO hello" + ids + " k=v", " former: WARN hello", " INFO former: hello"}},
		{child: "a server's error log", stderr: []string{"ERROR hello"}},
		{child: "levels", stderr: []string{"DEBUG hello"}},
		{child: "missing", stderr: said(""), stdout: []string{"missing in say", "missing in say"}},
		{child: "another handler is the default", stdout: []string{`msg="INFO hello` + ids + ` k=v"`}},
		{child: "zerolog under package log", stdout: []string{"written", "written", "written"}},
		{child: "zerolog under slog, package log over both", stderr: []string{"}", "}"}},
		{child: "zerolog over package log, ours the default", stderr: []string{`"message":"hello"}`}},
	} {
		t.Run(test.child, func(t *testing.T) {
			t.Parallel()
			// A program that hangs fails only its own subtest.
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			var stdout, stderr bytes.Buffer
			cmd := exec.CommandContext(ctx, os.Args[0])
			cmd.Env = append(os.Environ(), childEnv+"="+test.child, "GOCOVERDIR="+t.TempDir(), "GORACE=atexit_sleep_ms=0")
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			require.NoError(t, ctx.Err(), "the program hangs; it wrote %s%s", &stdout, &stderr)
			require.NoError(t, err, "exit of the program, which wrote %s%s", &stdout, &stderr)
			for _, written := range []struct {
				name string
				text string
				want []string
			}{{"standard output", stdout.String(), test.stdout}, {"standard error", stderr.String(), test.stderr}} {
				if test.child == "zerolog under package log" && written.name == "standard error" {
					continue // zerolog has its own format; standard output shows that the lines were written
				}
				lines := strings.Split(strings.TrimSuffix(written.text, "\n"), "\n")
				if written.text == "" {
					lines = nil
				}
				if test.child == "at once" {
					slices.Sort(lines)
					slices.Sort(written.want)
				}
				require.Len(t, lines, len(written.want), "lines on %s: %s", written.name, written.text)
				for i, line := range lines {
					assert.True(t, strings.HasSuffix(line, written.want[i]), "line on %s: got %q, want %q", written.name, line, written.want[i])
					assert.NotContains(t, line, ".go:", "line on %s", written.name)
				}
			}
		})
	}
}

// If the program does not call SetDefault, Slog wraps slog's default handler like any other. Each
// line goes to the output that package log has at that moment.
func TestSlogOverTheDefaultHandler(t *testing.T) {
	logger := slog.New(ownDefault(logctx.Config{}))
	out, flags, prefix := log.Writer(), log.Flags(), log.Prefix()
	defer func() {
		log.SetOutput(out)
		log.SetFlags(flags)
		log.SetPrefix(prefix)
	}()
	var written bytes.Buffer
	log.SetOutput(&written)
	log.SetFlags(log.Lshortfile)
	log.SetPrefix("p: ")
	logger.InfoContext(testkit.Request(), message, "k", "v")
	assert.Equal(t, fmt.Sprintf("p: default_test.go:%d: INFO hello%s k=v\n", here().Line-1, ids), written.String(), "line by slog")
	written.Reset()
	slog.NewLogLogger(logger.With("a", 1).Handler(), slog.LevelError).Print(message)
	assert.Contains(t, written.String(), "ERROR hello a=1\n", "line of a log.Logger over slog")
	written.Reset()
	log.Print(message)
	assert.Equal(t, fmt.Sprintf("p: default_test.go:%d: hello\n", here().Line-1), written.String(), "line by package log")

	// Without a trace, the default handler writes the same lines with and without the wrapper.
	log.SetFlags(0)
	for _, test := range []func(l *slog.Logger){
		func(l *slog.Logger) { l.Info(message, "k", "v") },
		func(l *slog.Logger) { l.With("a", 1).WithGroup("g").Warn(message, "k", "v") },
		func(l *slog.Logger) { l.Debug("too low") },
	} {
		written.Reset()
		test(slog.Default())
		want := written.String()
		written.Reset()
		test(logger)
		assert.Equal(t, want, written.String(), "line of the wrapped default handler")
	}
}
