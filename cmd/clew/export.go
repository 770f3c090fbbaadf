package main

import (
	"io"
	"iter"

	"example.com/clew/internal/timeline"
)

// exports are the outputs for other programs. They have whole traces where a list would have a
// line for each.
var exports = map[string]bool{"zipkin": true, "otlp": true, "mermaid": true}

// whole tells whether whole traces are shown even if no ID is asked for.
func (t *timelineCommand) whole() bool {
	return exports[t.Output] || t.Output == "html" || t.Send != ""
}

// exportable returns an error if the answer cannot have the form that is asked for.
func (t *timelineCommand) exportable(q query) error {
	switch {
	case t.whole() && t.Follow:
		return usagef("--follow shows lines as they come: -o html, zipkin, otlp and mermaid, and --send, are of whole traces")
	case t.Output == "mermaid" && !q.one:
		return usagef("-o mermaid shows one trace: say its ID")
	}
	return nil
}

// About how many bytes of lines are kept for the traces of a list. A page has all of them in it.
const (
	pageRoom   = 32 << 20
	exportRoom = 64 << 20
)

// mostWhole is how many traces of a list are written whole.
const mostWhole = 20_000

// export writes traces for other programs.
func export(w io.Writer, output string, trees iter.Seq[*timeline.Tree]) (found bool, err error) {
	counted := func(yield func(*timeline.Tree) bool) {
		for tree := range trees {
			found = true
			if !yield(tree) {
				return
			}
		}
	}
	switch output {
	case "zipkin":
		err = timeline.ZipkinJSON(w, counted)
	case "otlp":
		err = timeline.OTLPJSON(w, counted)
	default:
		for tree := range counted { // one
			err = tree.Mermaid(w)
		}
	}
	return found, err
}
