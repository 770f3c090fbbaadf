package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"io"
	"net/url"
	"os"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"time"

	"example.com/clew/internal/timeline"
)

// timelineCommand is clew timeline.
type timelineCommand struct {
	Args []string `arg:"" optional:"" name:"id|source" help:"A trace ID, or anything that contains one (a b3 or traceparent value, a log line, a URL), and what to read: files, globs, folders, - for standard input."`

	Since   string            `help:"Leave out what is older: 15m, 2h, 3d, 14:05, 2026-11-26, or a time in RFC 3339." placeholder:"WHEN"`
	Until   string            `help:"Leave out what is newer." placeholder:"WHEN"`
	Service string            `help:"Only traces in which this service has a part." placeholder:"NAME"`
	Route   string            `help:"Only traces that have a request with this route." placeholder:"ROUTE"`
	Status  []string          `help:"Only traces that have a request with one of these statuses: 404, 5xx, 500-504. May be given several times." placeholder:"STATUS,…"`
	Error   bool              `help:"Only traces that have an error."`
	Slower  time.Duration     `help:"Only traces that took longer: 200ms." placeholder:"DURATION"`
	Where   map[string]string `help:"Only traces that have a line with this field. May be given several times." placeholder:"KEY=VALUE" mapsep:"none"`
	Limit   int               `help:"List no more traces than this; 0: all." default:"50"`

	Output   string `short:"o" help:"How to show the answer: ${enum}." enum:"text,json,html,zipkin,otlp,mermaid" default:"text"`
	Send     string `help:"Also send the traces to this Zipkin, sampled or not." placeholder:"URL"`
	Keys     string `help:"The names of the lines' fields: trace=json.tid,service=app. Keys are trace, span, parent, service, time, level and message." placeholder:"KEY=NAME,…"`
	Strict   bool   `help:"Exit with 3 if a line was not understood or cut."`
	Follow   bool   `short:"f" help:"Keep reading what is written to the files, until Ctrl-C."`
	Verbose  bool   `short:"v" help:"Say which files are read, and what the fields of their lines are taken for."`
	ZipkinUI string `name:"zipkin-ui" env:"CLEW_ZIPKIN_UI" help:"The address of Zipkin's page, for links to traces." placeholder:"URL"`
	Width    *int   `help:"How many columns a line may take; many spans alike are folded. 0: show everything. Without the flag: the width of the terminal, or 0 without a terminal." placeholder:"COLUMNS"`
	Color    string `help:"Whether to use colours: ${enum}. NO_COLOR turns auto off." enum:"auto,always,never" default:"auto"`
}

// Help returns the text that --help shows besides the flags.
func (timelineCommand) Help() string {
	return `With an ID, clew shows the trace. Without one, it lists the traces, newest first.

Examples:

  clew timeline 5759e988bd862e3fe1be46a994272793 /var/log/shop/
  kubectl logs -l app=shop --prefix | clew timeline 5759e988bd862e3f
  clew timeline 'X-B3-TraceId: 5759e988bd862e3f' 'logs/*.log*'
  clew timeline logs/ --error --since 15m
  clew timeline --slower 200ms --service shop app.log app.log.1 app.log.2.gz
  clew timeline 5759e988bd862e3f app.log --follow
  clew timeline 5759e988bd862e3f logs/ -o json | jq .
  clew timeline 5759e988bd862e3f logs/ -o html > trace.html
  clew timeline 5759e988bd862e3f logs/ --send http://127.0.0.1:9411

Exit codes:

  0    something was found
  1    nothing was found
  2    the command line is wrong
  3    a source could not be read to its end, the answer could not be written, or --strict
       has found a line that was not understood
  130  Ctrl-C; what was found until then is shown. --follow ends with 0 or 1.`
}

// query is what a user asks for, as plain values. The zero value asks for everything.
type query struct {
	id  traceID
	one bool // one trace is asked for, by id
	window
	service  string
	route    string
	statuses []timeline.Statuses
	failed   bool
	slower   time.Duration
	where    map[string]string
	limit    int // of traces; 0: no limit
	keys     timeline.Keys
	follow   bool
}

// view is how to show the answer.
type view struct {
	output   string // the value of -o
	whole    bool   // the traces of a list are shown, and not only the list
	after    string // for the page: the arguments after the ID in the command that shows a trace
	room     int    // how many bytes of lines are kept for the traces of a list
	width    int    // 0: nothing is cut
	colour   bool
	zipkinUI string
}

func (t *timelineCommand) run(ctx context.Context, std streams) (int, error) {
	q, names, err := t.query(time.Now())
	if err != nil {
		return 0, err
	}
	names, files, problems, err := toRead(std, names, t.Verbose)
	if err != nil {
		return 0, err
	}
	send, err := t.sender()
	if err != nil {
		return 0, err
	}
	out := &writer{w: bufio.NewWriterSize(std.out, 1<<16)}
	e := newEngine(q, t.view(std.out, q, names), out)
	problems = append(problems, readAll(ctx, std, e.part, files.sources, t.Follow)...)
	std.sayAll(problems)
	unread := len(problems)
	found, err := e.show(out)
	if err = cmp.Or(err, out.flush()); err != nil {
		return 0, err
	}
	if send != nil && found {
		problems = append(problems, send.deliver(ctx, std, e.trees())...)
	}
	counts := e.counts()
	counts.unread = unread
	std.sayRead(counts, e.inputs(), t.Verbose)
	switch {
	case len(problems) > 0 || t.Strict && counts.wrong():
		return exitIncomplete, nil
	case ctx.Err() != nil && !t.Follow:
		return exitInterrupted, nil
	case !found:
		return exitNothing, nil
	}
	return exitFound, nil
}

// view returns how to show the answer.
func (t *timelineCommand) view(out io.Writer, q query, names []string) view {
	v := view{
		output: t.Output, whole: !q.one && t.whole(), after: t.afterID(q, names), room: exportRoom,
		width: t.width(out), colour: t.colour(out), zipkinUI: t.ZipkinUI,
	}
	if t.Output == "html" {
		v.room = pageRoom
	}
	return v
}

// query returns what is asked for, and what to read.
func (t *timelineCommand) query(now time.Time) (q query, names []string, err error) {
	q = query{service: t.Service, route: t.Route, failed: t.Error, slower: t.Slower, where: t.Where, limit: t.Limit, follow: t.Follow}
	if q.window, err = windowOf(t.Since, t.Until, now); err != nil {
		return q, nil, err
	}
	if q.statuses, err = statusesOf(t.Status); err != nil {
		return q, nil, err
	}
	if q.keys, err = keysFlag(t.Keys); err != nil {
		return q, nil, err
	}
	if err := t.notNegative(); err != nil {
		return q, nil, err
	}
	if err := zipkinFlag(t.ZipkinUI); err != nil {
		return q, nil, err
	}
	if q.id, q.one, names, err = askedFor(t.Args); err != nil {
		return q, nil, err
	}
	if q.one && t.chooses() {
		return q, nil, usagef("--service, --route, --status, --error, --slower and --where choose from the list of traces: with an ID, there is no list")
	}
	return q, names, t.exportable(q)
}

// statusesOf parses the values of --status.
func statusesOf(texts []string) (all []timeline.Statuses, err error) {
	for _, text := range texts {
		statuses, err := timeline.ParseStatuses(text)
		if err != nil {
			return nil, usagef("--status wants statuses such as 404, 5xx or 500-504, not %q", clip(text))
		}
		all = append(all, statuses)
	}
	return all, nil
}

// notNegative returns an error if the value of --limit, --width or --slower is negative.
func (t *timelineCommand) notNegative() error {
	for _, flag := range []struct {
		name     string
		negative bool
	}{{"--limit", t.Limit < 0}, {"--width", t.Width != nil && *t.Width < 0}, {"--slower", t.Slower < 0}} {
		if flag.negative {
			return usagef("%s wants a number that is not negative", flag.name)
		}
	}
	return nil
}

// chooses reports whether a flag chooses from the list of traces.
func (t *timelineCommand) chooses() bool {
	return t.Service != "" || t.Route != "" || len(t.Status) > 0 || t.Error || t.Slower > 0 || len(t.Where) > 0
}

// keysFlag returns the keys that the value of --keys names.
func keysFlag(text string) (timeline.Keys, error) {
	keys, err := timeline.ParseKeys(text)
	if err != nil {
		err = usagef("--keys: %v", err)
	}
	return keys, err
}

// zipkinFlag returns an error if the value of --zipkin-ui is no URL.
func zipkinFlag(text string) error {
	if text == "" {
		return nil
	}
	if u, err := url.Parse(text); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return usagef("--zipkin-ui wants a URL such as http://zipkin:9411/zipkin")
	}
	return nil
}

// askedFor divides the arguments into a trace ID and the names of sources. The ID is the first
// argument, if there is one. A bare ID counts as an ID even if a file has that name. To read such
// a file, the user writes ./NAME.
func askedFor(args []string) (id traceID, one bool, names []string, err error) {
	if len(args) == 0 {
		return id, false, nil, nil
	}
	first := args[0]
	if !bareID(first) && isSource(first) {
		return id, false, args, nil
	}
	id, err = timeline.ParseID(first)
	if err != nil {
		return id, false, nil, usagef("%q is no file, and there is no trace ID in it", clip(first))
	}
	return id, true, args[1:], nil
}

var bareIDForm = regexp.MustCompile(`^(?:[0-9A-Fa-f]{16}){1,2}$`)

func bareID(text string) bool { return bareIDForm.MatchString(text) }

func clip(text string) string {
	if len(text) > 80 {
		return text[:80] + "…"
	}
	return text
}

// toRead returns the names of what to read, the sources with these names, and an error for each
// source that it cannot find. If there are no names, toRead returns standard input.
func toRead(std streams, names []string, verbose bool) ([]string, *sources, []error, error) {
	if len(names) == 0 {
		if isTerminal(std.in) {
			return nil, nil, nil, usagef("say what to read: files, folders, or - for standard input")
		}
		names = []string{"-"}
	}
	files, problems := expand(names)
	if verbose {
		files.say(std)
	}
	return names, files, problems, nil
}

// readAll reads all sources, up to one for each processor at the same time. It returns the
// problems in the order of the sources. The function open returns the reader for a source. Its
// parameters are the source's name, and the service to assume for lines that name no service.
func readAll(ctx context.Context, std streams, open func(name, service string) reader, sources []*source, follow bool) []error {
	bar := startProgress(ctx, std.err, sources)
	defer bar.stop()
	limit := min(runtime.GOMAXPROCS(0), 8) // a hostile source may need some 50 MB
	if follow {
		limit = len(sources) // none of them ends
	}
	var (
		problems = make([]error, len(sources))
		slots    = make(chan struct{}, max(limit, 1))
		readers  sync.WaitGroup
	)
	for i, src := range sources {
		part := open(src.name, serviceOf(src))
		slots <- struct{}{}
		if ctx.Err() != nil && !follow {
			break
		}
		readers.Go(func() {
			defer func() { <-slots }()
			problems[i] = src.read(ctx, std.in, follow, bar, part)
			part.finish()
		})
	}
	readers.Wait()
	return slices.DeleteFunc(problems, func(err error) bool { return err == nil })
}

// writer is a buffered writer that remembers its error. It is safe for concurrent use.
type writer struct {
	mu  sync.Mutex
	w   *bufio.Writer
	err error
}

func (w *writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	n, err := w.w.Write(p)
	w.err = cmp.Or(w.err, err)
	return n, err
}

func (w *writer) flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.err = cmp.Or(w.err, w.w.Flush())
	return w.err
}

// isSource reports whether a name is a file, a folder, a pattern with matches, or "-".
func isSource(name string) bool {
	if name == "-" || name == "" {
		return name == "-"
	}
	if _, err := os.Stat(name); !errors.Is(err, os.ErrNotExist) && err == nil || errors.Is(err, os.ErrPermission) {
		return true
	}
	matches, _ := glob(name)
	return len(matches) > 0
}
