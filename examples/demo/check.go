package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"

	"example.com/clew/internal/line"
	"example.com/clew/internal/timeline"
	"example.com/clew/logctx"
)

// syncWriter lets three services write whole lines to one writer.
type syncWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (s *syncWriter) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.w.Write(p)
}

// Fd is how logctx.Console sees whether there is a terminal.
func (s *syncWriter) Fd() uintptr { return fd(s.w) }

func fd(w io.Writer) uintptr {
	if file, ok := w.(interface{ Fd() uintptr }); ok {
		return file.Fd()
	}
	return ^uintptr(0) // none
}

// recorder keeps the lines that the services write, in the order in which they come.
type recorder struct {
	to  io.Writer // where they will be shown
	mu  sync.Mutex
	all []string
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

func (r *recorder) Fd() uintptr { return fd(r.to) }

func (r *recorder) lines() []said {
	r.mu.Lock()
	defer r.mu.Unlock()
	var lines []said
	for _, text := range r.all {
		lines = append(lines, parse(text))
	}
	about(lines)
	return lines
}

// said is a line of a service, as it can be read by anybody.
type said struct {
	line.Line
	text  string
	media string // which request it is about, told by the path or a field, not by the ID
	run   string // which run of the timer
}

func parse(text string) said {
	s := said{text: text}
	s.Line, _ = line.Parse([]byte(text)) // one that cannot be read has no ID, which is a failure
	media, _ := s.Field("media")
	run, _ := s.Field("run")
	s.media, s.run = media.Value, run.Value
	switch r := s.Record.(type) {
	case *line.Request:
		s.media = r.Path[strings.LastIndexByte(r.Path, '/')+1:]
	case *line.Call:
		s.media = r.Path[strings.LastIndexByte(r.Path, '/')+1:]
	}
	return s
}

// about fills in what the lines of calls without a path are about: what the request is about in
// which they were made.
func about(lines []said) {
	for _, s := range treeOf(lines).Spans {
		call, ok := record(s).(*line.Call)
		if !ok || !call.Plain || s.Parent == nil || s.Parent.Report == nil {
			continue
		}
		lines[s.Report.Number-1].media = lines[s.Parent.Report.Number-1].media
	}
}

func record(s *timeline.Span) line.Record {
	if s.Report == nil {
		return nil
	}
	return s.Report.Record
}

// linesEach is how many lines each service owes a request; a debug trace has one more.
var linesEach = map[string]int{"media-api": 5, "network-information": 4, "image-store": 3}

// drawn is what stands above the picture of the last trace.
const drawn = "the last of the requests, as clew timeline shows it"

// report prints the lines of each request and run under their one ID, and the calls that they tell
// of, and returns what is wrong with them.
func report(out io.Writer, lines []said, ids map[string]string, cfg config) []error {
	var failures []error
	failf := func(format string, args ...any) { failures = append(failures, fmt.Errorf(format, args...)) }

	var last []said // lines, of the last request
	for _, c := range calls {
		id := cfg.logged(ids[c.media])
		fmt.Fprintf(out, "\n%s: %s\n", c.caller, ids[c.media])
		got := map[string]int{}
		var own []said
		for _, l := range lines {
			if l.media != c.media {
				continue
			}
			fmt.Fprintln(out, " ", l.text)
			own = append(own, l)
			got[l.Service]++
			if l.TraceID != id || id == "" {
				failf("%s: line has the ID %q, want %q: %s", c.caller, l.TraceID, id, l.text)
			}
		}
		for name, want := range linesEach {
			if c.debug && name == "media-api" {
				want++
			}
			if got[name] != want {
				failf("%s: %d lines of %s, want %d", c.caller, got[name], name, want)
			}
		}
		tree := outline(treeOf(own))
		fmt.Fprintf(out, "\n%s", tree)
		if want := wantOutline(c); tree != want {
			failf("%s: the calls are\n%swant\n%s", c.caller, tree, want)
		}
		last = own
	}

	fmt.Fprintln(out, "\nthe timer: each run its own")
	var used []string
	for _, id := range ids {
		used = append(used, cfg.logged(id))
	}
	run := said{} // the line before, of a run
	for _, l := range lines {
		job, ended := l.Record.(*line.Run)
		if ended {
			l.run = run.run
		}
		switch {
		case l.media != "":
			continue
		case l.run == "":
			failf("line that nobody owes: %s", l.text)
		case l.TraceID == "":
			failf("timer: line without an ID: %s", l.text)
		case l.run == run.run && l.TraceID != run.TraceID:
			failf("timer: run %s has two IDs: %s", l.run, l.text)
		case l.run != run.run && slices.Contains(used, l.TraceID):
			failf("timer: run %s has an ID that was used before: %s", l.run, l.text)
		case ended && job.Job != refreshJob:
			failf("timer: run %s is of %q: %s", l.run, job.Job, l.text)
		}
		if _, before := run.Record.(*line.Run); l.run != run.run && run.run != "" && !before {
			failf("timer: run %s has no line at its end", run.run)
		}
		fmt.Fprintln(out, " ", l.text)
		used, run = append(used, l.TraceID), l
	}
	fmt.Fprintf(out, "\n%s\n", drawn)
	tree := treeOf(last)
	if err := tree.Text(out, timeline.Style{}); err != nil {
		failures = append(failures, err)
	}
	if cfg.html != "" {
		if err := writePage(tree, cfg.html); err != nil {
			failures = append(failures, err)
		} else {
			fmt.Fprintf(out, "\nthe same as a page, for a browser: %s\n", cfg.html)
		}
	}
	if len(failures) == 0 {
		fmt.Fprintf(out, "\nok: %d lines, every one with the ID it should have, and no call missing\n", len(lines))
	}
	return failures
}

// logged is a trace ID as it can be read from a line: Datadog's has 64 bits, Google's always 128.
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
