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

// linesEach is how many lines each service owes a request. A debug trace has one more.
var linesEach = map[string]int{"media-api": 5, "network-information": 4, "image-store": 3}

// drawn is the heading of the picture of the last trace.
const drawn = "the last of the requests, as clew timeline shows it"

// report prints the lines of each request and run under their one ID, and the calls that these
// lines tell of. It returns what is wrong with them.
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

// reporter is a report in the making.
type reporter struct {
	out      io.Writer
	cfg      config
	ids      map[string]string // of the requests, by media
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

// timer prints and checks the lines that belong to no request: those of the timer.
func (r *reporter) timer(lines []said) {
	fmt.Fprintln(r.out, "\nthe timer: each run its own")
	var used []string // IDs
	for _, id := range r.ids {
		used = append(used, r.cfg.logged(id))
	}
	before := said{} // the line before
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

// checkRun checks a line of the timer against the line before and the IDs that were used before.
func (r *reporter) checkRun(l, before said, used []string) {
	switch job, _ := l.Record.(*line.Run); {
	case l.run == "":
		r.failf("line that nobody owes: %s", l.text)
	case l.TraceID == "":
		r.failf("timer: line without an ID: %s", l.text)
	case l.run == before.run && l.TraceID != before.TraceID:
		r.failf("timer: run %s has two IDs: %s", l.run, l.text)
	case l.run != before.run && slices.Contains(used, l.TraceID):
		r.failf("timer: run %s has an ID that was used before: %s", l.run, l.text)
	case job != nil && job.Job != refreshJob:
		r.failf("timer: run %s is of %q: %s", l.run, job.Job, l.text)
	}
	if l.run != before.run && before.run != "" && !ended(before) {
		r.failf("timer: run %s has no line at its end", before.run)
	}
}

// ended reports whether l is the line at the end of a run.
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

// logged returns a trace ID as it is read from a line: Datadog's has 64 bits, Google's always 128.
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
