package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"sync"
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

// recorder keeps the lines that the services write, in the order in which they come.
type recorder struct {
	mu  sync.Mutex
	all []string
}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.all = append(r.all, strings.TrimSuffix(string(p), "\n"))
	return len(p), nil
}

func (r *recorder) lines() []line {
	r.mu.Lock()
	defer r.mu.Unlock()
	var lines []line
	for _, text := range r.all {
		lines = append(lines, parse(text))
	}
	return lines
}

// line is a line of a service, as a person reads it.
type line struct {
	text    string
	id      string // "" if it has none
	media   string // which request it is about, told by the URL or a field, not by the ID
	run     string // which run of the timer
	service string
}

var (
	colors  = regexp.MustCompile(`\x1b\[[0-9;]*m`)
	idField = regexp.MustCompile(`^\S+ ([0-9a-f]{32}|[0-9a-f]{16}) `)
	about   = regexp.MustCompile(` (?:media=|path=/[a-z]+/)(\d+)`)
	runs    = regexp.MustCompile(` run=(\d+)`)
	service = regexp.MustCompile(` service=(\S+)`)
)

func parse(text string) line {
	plain := colors.ReplaceAllString(text, "")
	field := func(re *regexp.Regexp) string {
		if m := re.FindStringSubmatch(plain); m != nil {
			return m[1]
		}
		return ""
	}
	return line{text, field(idField), field(about), field(runs), field(service)}
}

// linesEach is how many lines each service owes a request; a debug trace has one more.
var linesEach = map[string]int{"media-api": 3, "network-information": 4, "image-store": 2}

// report prints the lines of each request and run under their one ID, and returns what is
// wrong with them.
func report(out io.Writer, lines []line, ids map[string]string) []error {
	var failures []error
	failf := func(format string, args ...any) { failures = append(failures, fmt.Errorf(format, args...)) }

	for _, c := range calls {
		id := ids[c.media]
		fmt.Fprintf(out, "\n%s: %s\n", c.caller, id)
		got := map[string]int{}
		for _, l := range lines {
			if l.media != c.media {
				continue
			}
			fmt.Fprintln(out, " ", l.text)
			got[l.service]++
			if l.id != id || id == "" {
				failf("%s: line has the ID %q, want %q: %s", c.caller, l.id, id, l.text)
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
	}

	fmt.Fprintln(out, "\nthe timer: each run its own")
	var used []string
	for _, id := range ids {
		used = append(used, id)
	}
	last := line{}
	for _, l := range lines {
		switch {
		case l.media != "":
			continue
		case l.run == "":
			failf("line that nobody owes: %s", l.text)
		case l.id == "":
			failf("timer: line without an ID: %s", l.text)
		case l.run == last.run && l.id != last.id:
			failf("timer: run %s has two IDs: %s", l.run, l.text)
		case l.run != last.run && slices.Contains(used, l.id):
			failf("timer: run %s has an ID that was used before: %s", l.run, l.text)
		}
		fmt.Fprintln(out, " ", l.text)
		used, last = append(used, l.id), l
	}
	if len(failures) == 0 {
		fmt.Fprintf(out, "\nok: %d lines, every one with the ID it should have\n", len(lines))
	}
	return failures
}
