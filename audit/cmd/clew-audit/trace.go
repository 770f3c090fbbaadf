package main

import (
	"context"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"example.com/clew/audit/lake"
	"example.com/clew/internal/line"
	"example.com/clew/internal/timeline"
)

// traceCommand is clew-audit trace.
type traceCommand struct {
	ID string `arg:"" name:"id" help:"A trace ID of 16 or 32 digits, or a text that contains one: a b3 or traceparent value, a log line, a URL."`

	dirs
	Logs []string `help:"Where the log lines are: a file, a pattern, a folder, or - for standard input. May be given several times." placeholder:"SOURCE" sep:"none"`
	choice
	Output string `short:"o" help:"How to show it: ${enum}." enum:"text,json,html" default:"text"`
	look
}

// Help returns the text below the usage line of --help.
func (traceCommand) Help() string {
	return `Events are shown among the lines of their app, with the level audit, in the order of time. With --logs
the answer looks like an answer of clew timeline: the spans that the lines report, with lines and
events below them.

Examples:

  clew-audit trace -d /var/lib/media/audit 463ac35c9f6413ad
  clew-audit trace 463ac35c9f6413ad --logs /var/log/media/ --logs '/var/log/nginx/*.log*'
  kubectl logs -l app=media --prefix | clew-audit trace 463ac35c9f6413ad --logs -
  clew-audit trace 463ac35c9f6413ad --logs logs/ -o html > trace.html
` + exitCodes
}

func (t *traceCommand) run(ctx context.Context, std streams) (int, error) {
	q, id, err := t.query(time.Now())
	if err != nil {
		return 0, err
	}
	e, problems, err := openEngine(ctx, std, t.dirs)
	if err != nil {
		return 0, err
	}
	keeper := timeline.NewKeeper(0)
	for event, err := range e.find(ctx, q) {
		if err != nil {
			if ctx.Err() == nil {
				e.stopped = err
			}
			break
		}
		keeper.Add(entryOf(&event, id))
	}
	logs := logSearch{id: id, q: q, keeper: keeper}
	for _, problem := range logs.readAll(ctx, std.in, t.Logs) {
		std.say("%v", problem)
		problems++
	}
	if left := keeper.Left(); left > 0 {
		std.say("the trace has too many lines and events: %d are left out", left)
	}
	tree := timeline.NewTree(timeline.NewTrace(id, keeper.Entries()))
	found := len(tree.Entries) > 0
	if err := t.show(std.out, tree, found); err != nil {
		return 0, err
	}
	problems += e.say(std)
	return ended(ctx, found, problems), nil
}

func (t *traceCommand) show(out io.Writer, tree *timeline.Tree, found bool) error {
	to := &writer{to: out}
	var err error
	switch {
	case t.Output == "json":
		err = tree.JSON(to)
	case t.Output == "html":
		err = tree.HTML(to, timeline.HTMLConfig{After: strings.Join(t.Logs, " ")})
	case found:
		err = tree.Text(to, timeline.Style{Width: t.width(out), Colour: t.colour(out)})
	}
	if err == nil {
		err = to.err
	}
	return err
}

func (t *traceCommand) query(now time.Time) (q query, id timeline.ID, err error) {
	if err := t.look.check(); err != nil {
		return q, id, err
	}
	if q.span, err = t.span(now); err != nil {
		return q, id, err
	}
	if q.trace, err = traceID("trace", t.ID); err != nil {
		return q, id, err
	}
	id, err = timeline.ParseID(q.trace)
	return q, id, err
}

// levelAudit is the level of events that are shown among lines.
const levelAudit = "audit"

// entryOf returns an event as a line of a trace.
func entryOf(e *lake.Event, id timeline.ID) *timeline.Entry {
	entry := &timeline.Entry{
		Source: "audit", Time: e.Time, Precision: time.Microsecond, Trace: id,
		Service: e.App, Level: levelAudit, Message: e.Message,
	}
	for _, key := range slices.Sorted(maps.Keys(e.Context)) {
		entry.Fields = append(entry.Fields, line.Field{Key: key, Value: e.Context[key], Text: true})
	}
	for _, name := range e.TraceNames {
		entry.Fields = append(entry.Fields, line.Field{Key: "passed", Value: name, Text: true})
	}
	if text, err := appendJSON(nil, e); err == nil {
		entry.Text = string(text)
	}
	return entry
}
