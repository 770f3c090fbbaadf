package main

import (
	"io"
	"iter"

	"example.com/clew/internal/timeline"
)

// exports are the outputs for other programs. Without an ID, they contain whole traces, and not
// the list with its one line for each trace.
var exports = map[string]bool{"zipkin": true, "otlp": true, "mermaid": true}

// whole reports whether whole traces are shown even if no ID is asked for.
func (t *timelineCommand) whole() bool {
	return exports[t.Output] || t.Output == "html" || t.Send != ""
}

// exportable returns an error if the answer cannot have the form that is asked for.
func (t *timelineCommand) exportable(q query) error {
	switch {
	case t.whole() && t.Follow:
		return usagef("--follow shows lines as they come: it does not work with --send or -o html, zipkin, otlp or mermaid, which need whole traces")
	case t.Output == "mermaid" && !q.one:
		return usagef("-o mermaid shows one trace: say its ID")
	}
	return nil
}

// For the traces of a list, clew keeps about so many bytes of lines: pageRoom for a page, which
// contains all of these lines, and exportRoom for other outputs.
const (
	pageRoom   = 32 << 20
	exportRoom = 64 << 20
)

// mostWhole is the largest number of traces of a list that are written whole.
const mostWhole = 20_000

// export writes traces for other programs, and reports whether there were any.
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
		for tree := range counted { // there is only one
			err = tree.Mermaid(w)
		}
	}
	return found, err
}
