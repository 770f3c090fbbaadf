package main

import (
	"bufio"
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"example.com/clew/cmd/clew/internal/servicemap"
	"example.com/clew/internal/timeline"
)

// mapCommand is clew map.
type mapCommand struct {
	Sources []string `arg:"" optional:"" name:"source" help:"What to read: files, globs, folders, - for standard input."`

	By    string `help:"What a node is: ${enum}." enum:"service,route" default:"service"`
	Since string `help:"Leave out what is older: 15m, 2h, 3d, 14:05, 2026-11-26, or a time in RFC 3339." placeholder:"WHEN"`
	Until string `help:"Leave out what is newer." placeholder:"WHEN"`

	Diff     string `help:"Report what has changed since this earlier map, a file that -o json has written." placeholder:"FILE"`
	Output   string `short:"o" help:"How to show the answer: ${enum}." enum:"text,json,dot,mermaid,html" default:"text"`
	Keys     string `help:"The names of the lines' fields: trace=json.tid,service=app. Keys are trace, span, parent, service, time, level and message." placeholder:"KEY=NAME,…"`
	Strict   bool   `help:"Exit with 3 if a line was not understood or cut."`
	Verbose  bool   `short:"v" help:"Say which files are read, and what the fields of their lines are taken for."`
	ZipkinUI string `name:"zipkin-ui" env:"CLEW_ZIPKIN_UI" help:"The address of Zipkin's page, for links to traces." placeholder:"URL"`
	Width    *int   `help:"How many columns a line may take; of many edges the busiest are shown. 0: show everything. Without the flag: the width of the terminal, or 0 without a terminal." placeholder:"COLUMNS"`
	Color    string `help:"Whether to use colours: ${enum}. NO_COLOR turns auto off." enum:"auto,always,never" default:"auto"`
}

// Help returns the text that --help shows besides the flags.
func (mapCommand) Help() string {
	return `Shows who calls whom, how often and how fast, and where traces break.

Examples:

  clew map /var/log/shop/
  kubectl logs -l app=shop --prefix --tail=-1 | clew map --by route
  clew map logs/ --since 1h -o html > map.html
  clew map logs/ -o json > before.json
  clew map logs/ --diff before.json

Exit codes:

  0    a request, a call or a job was found; with --diff, nothing has changed for the worse
  1    none was found; with --diff, also: something has changed for the worse
  2    the command line is wrong
  3    a source could not be read to its end, there was no room for all lines, nodes or edges,
       the answer could not be written, or --strict has found a line that was not understood
  130  Ctrl-C; what was found until then is shown`
}

func (m *mapCommand) run(ctx context.Context, std streams) (int, error) {
	e, err := m.engine(time.Now())
	if err != nil {
		return 0, err
	}
	names, files, problems, err := toRead(std, m.Sources, m.Verbose)
	if err != nil {
		return 0, err
	}
	e.interrupted = func() bool { return ctx.Err() != nil }
	e.builder = servicemap.NewBuilder(servicemap.Config{ByRoute: m.By == "route"})
	defer e.builder.Close()
	problems = append(problems, readAll(ctx, std, e.part, files.sources, false)...)
	counts := countsOf(e.inputs())
	counts.unread = len(problems)
	graph, err := e.builder.Graph()
	problems = append(problems, e.incomplete(graph, err)...)
	std.sayAll(problems)
	worse, err := m.show(std.out, e.before, graph, afterID(m.Keys, window{}, names))
	if err != nil {
		return 0, err
	}
	std.sayRead(counts, e.inputs(), m.Verbose)
	switch {
	case len(problems) > 0 || m.Strict && counts.wrong():
		return exitIncomplete, nil
	case ctx.Err() != nil:
		return exitInterrupted, nil
	case graph.Requests+graph.Calls+graph.Jobs == 0 || worse:
		return exitNothing, nil
	}
	return exitFound, nil
}

// engine returns the engine that reads the sources.
func (m *mapCommand) engine(now time.Time) (e *mapEngine, err error) {
	e = &mapEngine{}
	if e.window, err = windowOf(m.Since, m.Until, now); err != nil {
		return nil, err
	}
	if e.keys, err = keysFlag(m.Keys); err != nil {
		return nil, err
	}
	if m.Width != nil && *m.Width < 0 {
		return nil, usagef("--width wants a number that is not negative")
	}
	if err := zipkinFlag(m.ZipkinUI); err != nil {
		return nil, err
	}
	e.before, err = m.before()
	return e, err
}

// before returns the map that --diff names, or nil without --diff.
func (m *mapCommand) before() (*servicemap.Graph, error) {
	if m.Diff == "" {
		return nil, nil
	}
	if m.Output != "text" && m.Output != "json" {
		return nil, usagef("--diff works only with -o text and -o json")
	}
	file, err := os.Open(m.Diff)
	if err != nil {
		return nil, usagef("--diff: %v", err)
	}
	defer file.Close()
	before, err := servicemap.ReadJSON(file)
	switch {
	case err != nil:
		return nil, usagef("--diff: %s: %v", m.Diff, err)
	case before.By != m.By:
		return nil, usagef("--diff: %s is a map by %s: say --by %s", m.Diff, before.By, before.By)
	}
	return before, nil
}

// incomplete returns the reasons why something is left out of a map.
func (e *mapEngine) incomplete(g *servicemap.Graph, err error) (all []error) {
	problem := e.builder.Problem()
	if g.Untold.Room > 0 && problem == nil {
		problem = fmt.Errorf("%d requests and calls are left out of the map: one trace has too many for the memory", g.Untold.Room)
	}
	var crowded error
	if g.Untold.Other > 0 {
		crowded = fmt.Errorf("%d requests, jobs and calls have no node or edge of their own in the map, because it would have too many. "+
			"Read fewer sources, or leave --by route out", g.Untold.Other)
	}
	for _, err := range []error{err, problem, crowded} {
		if err != nil {
			all = append(all, err)
		}
	}
	return all
}

// show writes the map. If before is not nil, it writes what has changed since before instead, and
// reports whether something has changed for the worse. The parameter words has the arguments after
// the ID in the command that shows a trace.
func (m *mapCommand) show(w io.Writer, before, g *servicemap.Graph, words string) (worse bool, err error) {
	out := bufio.NewWriterSize(w, 1<<16)
	style := servicemap.Style{Width: columns(m.Width, w), Colour: colour(m.Color, w), UI: m.ZipkinUI}
	switch {
	case before != nil:
		worse, err = m.compare(out, before, g, style)
	case m.Output == "json":
		err = g.JSON(out)
	case m.Output == "dot":
		err = g.DOT(out)
	case m.Output == "mermaid":
		err = g.Mermaid(out)
	case m.Output == "html":
		err = g.HTML(out, servicemap.HTMLConfig{UI: m.ZipkinUI, After: words})
	default:
		err = g.Text(out, style)
	}
	return worse, cmp.Or(err, out.Flush())
}

// compare writes what has changed between two maps, and reports whether something has changed for
// the worse.
func (m *mapCommand) compare(w io.Writer, before, after *servicemap.Graph, style servicemap.Style) (worse bool, err error) {
	c, err := servicemap.Compare(before, after)
	if err != nil {
		return false, fmt.Errorf("--diff: %s: %w", m.Diff, err)
	}
	if m.Output == "json" {
		return c.Worse(), c.JSON(w)
	}
	return c.Worse(), c.Text(w, style)
}

// mapEngine reads lines for a map.
type mapEngine struct {
	builder *servicemap.Builder
	before  *servicemap.Graph // the map that --diff names; nil: none
	keys    timeline.Keys
	window  window
	parts   []*mapPart

	interrupted func() bool
}

// part returns the reader of a source.
func (e *mapEngine) part(name, service string) reader {
	p := &mapPart{engine: e, input: newInput(name, timeline.ParserConfig{Service: service, Keys: e.keys})}
	e.parts = append(e.parts, p)
	return p
}

// inputs ends the reading of all sources, and returns their inputs.
func (e *mapEngine) inputs() []*input {
	all := make([]*input, len(e.parts))
	for i, p := range e.parts {
		p.finish()
		all[i] = &p.input
	}
	return all
}

// mapPart gives the lines of one source to a map.
type mapPart struct {
	input
	engine *mapEngine
}

// read reads a source. It adds a line to the map only when it has read the next one, because the
// last line may be cut.
func (p *mapPart) read(r io.Reader) error {
	to := p.engine.builder.Source()
	defer to.Close()
	last := lastByte{Reader: r, is: '\n'}
	lines := timeline.NewReader(&last, p.when)
	defer func() { p.dropped += lines.Dropped() }()
	var s timeline.Sight
	seen := false // s has a line that is not added yet
	broken := 0   // lines that were not understood
	for {
		raw, err := lines.Next()
		if seen && err != nil && last.is != '\n' && (err != io.EOF || p.engine.interrupted()) {
			to.More()
			seen = false
		}
		if seen && p.engine.window.spans(s.Time) {
			to.Add(&s)
		}
		if err != nil {
			for p.parser.Flush() != nil { // JSON that has not ended
				to.More()
			}
			if err == io.EOF {
				return nil
			}
			return err
		}
		seen = p.parser.Sight(raw, &s)
		if n := p.parser.Counts().NoLine; n > broken { // it shows neither a trace nor a service
			seen, broken = false, n
		}
		if !seen {
			to.More()
		}
	}
}

// lastByte is a reader that remembers the last byte it has read.
type lastByte struct {
	io.Reader
	is byte
}

func (l *lastByte) Read(p []byte) (int, error) {
	n, err := l.Reader.Read(p)
	if n > 0 {
		l.is = p[n-1]
	}
	return n, err
}
