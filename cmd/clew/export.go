package main

import (
	"io"
	"iter"

	"example.com/clew/internal/timeline"
)

// exports are the outputs for other readers. They have whole traces, also where a list would have
// a line of each.
var exports = map[string]bool{"zipkin": true, "otlp": true, "mermaid": true}

// exportable tells whether what is asked for can be exported.
func (t *timelineCommand) exportable(q query) error {
	switch whole := exports[t.Output] || t.Send != ""; {
	case whole && t.Follow:
		return usagef("--follow shows lines as they come: -o zipkin, otlp and mermaid, and --send, are of whole traces")
	case t.Output == "mermaid" && !q.one:
		return usagef("-o mermaid shows one trace: say its ID")
	}
	return nil
}

// again tells whether the sources have to be read more than once: the first time tells which traces
// are asked for, and then each is looked for. All of them at once would need memory for all their
// lines, and miss lines in which an ID has no name.
func (t *timelineCommand) again(q query) bool { return !q.one && (exports[t.Output] || t.Send != "") }

// rereadable returns an error if there is a source that can be read only once.
func (s *sources) rereadable() error {
	for _, src := range s.sources {
		if src.info == nil || !src.info.Mode().IsRegular() {
			return usagef("several traces are read one after another, and %s can be read once: say a trace's ID, or name files", src.name)
		}
	}
	return nil
}

// trees returns the traces that were asked for: one, or those of the list, which are read when
// their turn comes. Traces without a line are none.
func (e *engine) trees(several bool, read func(*engine)) iter.Seq[*timeline.Tree] {
	return func(yield func(*timeline.Tree) bool) {
		engines := []*engine{e}
		if several {
			engines = e.each()
		}
		for _, one := range engines {
			if several {
				read(one)
			}
			if tree := one.tree(); len(tree.Entries) > 0 && !yield(tree) {
				return
			}
		}
	}
}

// each returns an engine for each trace in the list.
func (e *engine) each() (engines []*engine) {
	traces, _ := e.lister.List(e.query.limit)
	for _, t := range traces {
		engines = append(engines, newEngine(query{id: t.ID, one: true, keys: e.query.keys}, e.view, e.live))
	}
	return engines
}

// export writes traces for other readers.
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
