package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"example.com/clew/internal/line"
	"example.com/clew/internal/timeline"
	"example.com/clew/logctx"
)

// linesEach is the number of lines that each service must write for a request. In a debug trace,
// media-api writes one more.
var linesEach = map[string]int{"media-api": 5, "network-information": 4, "image-store": 3}

// drawn is the heading of the picture of the last trace.
const drawn = "the last of the requests, as clew timeline shows it"

// report prints the lines of each request and of each run of the timer, with their ID, and the
// calls that follow from the lines. It returns the faults that it finds.
func report(out io.Writer, lines []said, ids map[string]string, cfg config) []error {
	r := reporter{out: out, cfg: cfg, ids: ids}
	var last []said
	for _, c := range calls {
		last = r.request(c, lines)
	}
	r.timer(lines)
	r.draw(treeOf(last))
	if len(r.failures) == 0 {
		fmt.Fprintf(out, "\nok: %d lines, every one with the ID it should have, and no call missing\n", len(lines))
	}
	return r.failures
}

// reporter makes the report, and keeps the faults that it finds.
type reporter struct {
	out      io.Writer
	cfg      config
	ids      map[string]string // the IDs of the requests, by media
	failures []error
}

func (r *reporter) failf(format string, args ...any) {
	r.failures = append(r.failures, fmt.Errorf(format, args...))
}

// request prints and checks the lines of one request, and returns them.
func (r *reporter) request(c call, lines []said) (own []said) {
	id := r.cfg.logged(r.ids[c.media])
	fmt.Fprintf(r.out, "\n%s: %s\n", c.caller, r.ids[c.media])
	got := map[string]int{}
	for _, l := range lines {
		if l.media != c.media {
			continue
		}
		fmt.Fprintln(r.out, " ", l.text)
		own = append(own, l)
		got[l.Service]++
		if l.TraceID != id || id == "" {
			r.failf("%s: line has the ID %q, want %q: %s", c.caller, l.TraceID, id, l.text)
		}
	}
	for name, want := range linesEach {
		if c.debug && name == "media-api" {
			want++
		}
		if got[name] != want {
			r.failf("%s: %d lines of %s, want %d", c.caller, got[name], name, want)
		}
	}
	tree := outline(treeOf(own))
	fmt.Fprintf(r.out, "\n%s", tree)
	if want := wantOutline(c); tree != want {
		r.failf("%s: the calls are\n%swant\n%s", c.caller, tree, want)
	}
	return own
}

// timer prints and checks the lines that belong to no request, but to the timer.
func (r *reporter) timer(lines []said) {
	fmt.Fprintln(r.out, "\nthe timer: each run has its own ID")
	var used []string // IDs
	for _, id := range r.ids {
		used = append(used, r.cfg.logged(id))
	}
	before := said{} // the previous line
	for _, l := range lines {
		if l.media != "" {
			continue
		}
		if ended(l) {
			l.run = before.run
		}
		r.checkRun(l, before, used)
		fmt.Fprintln(r.out, " ", l.text)
		used, before = append(used, l.TraceID), l
	}
}

// checkRun checks a line of the timer. The parameter before is the previous line. The slice used
// has the IDs of all earlier lines and of the requests.
func (r *reporter) checkRun(l, before said, used []string) {
	switch job, _ := l.Record.(*line.Run); {
	case l.run == "":
		r.failf("line of no request and no run: %s", l.text)
	case l.TraceID == "":
		r.failf("timer: line without an ID: %s", l.text)
	case l.run == before.run && l.TraceID != before.TraceID:
		r.failf("timer: run %s has two IDs: %s", l.run, l.text)
	case l.run != before.run && slices.Contains(used, l.TraceID):
		r.failf("timer: run %s has an ID that was used before: %s", l.run, l.text)
	case job != nil && job.Job != refreshJob:
		r.failf("timer: run %s has a line of the job %q: %s", l.run, job.Job, l.text)
	}
	if l.run != before.run && before.run != "" && !ended(before) {
		r.failf("timer: run %s has no line at its end", before.run)
	}
}

// ended reports whether l is the last line of a run.
func ended(l said) bool {
	_, is := l.Record.(*line.Run)
	return is
}

// draw prints the last trace, and writes its page.
func (r *reporter) draw(tree *timeline.Tree) {
	fmt.Fprintf(r.out, "\n%s\n", drawn)
	if err := tree.Text(r.out, timeline.Style{}); err != nil {
		r.failures = append(r.failures, err)
	}
	if r.cfg.html == "" {
		return
	}
	if err := writePage(tree, r.cfg.html); err != nil {
		r.failures = append(r.failures, err)
		return
	}
	fmt.Fprintf(r.out, "\nthe same as a page, for a browser: %s\n", r.cfg.html)
}

// logged returns a trace ID as a reader of the log gets it. Datadog's format has only the last 64
// bits, and Google's always has 128.
func (cfg config) logged(id string) string {
	switch {
	case id == "":
		return ""
	case cfg.preset.Format == logctx.Decimal:
		return id[max(len(id)-16, 0):]
	case cfg.preset.Format == logctx.GoogleTrace:
		return strings.Repeat("0", 32-len(id)) + id
	}
	return id
}
