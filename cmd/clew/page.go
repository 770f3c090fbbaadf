package main

import (
	"io"
	"strings"
	"time"

	"example.com/clew/internal/timeline"
)

// listPage writes a list of traces as a page.
func (e *engine) listPage(w io.Writer, traces []timeline.Summary, left timeline.Left) error {
	return timeline.ListHTML(w, traces, left, e.store.Tree, e.view.page())
}

func (v view) page() timeline.HTMLConfig {
	return timeline.HTMLConfig{UI: v.zipkinUI, After: v.after}
}

// afterID returns the arguments after the ID on the command line that shows a trace of this
// answer.
func (t *timelineCommand) afterID(q query, names []string) string {
	if q.one {
		return afterID(t.Keys, q.window, names)
	}
	return afterID(t.Keys, window{}, names)
}

// afterID returns the arguments after the ID on the command line that shows a trace.
func afterID(keys string, w window, names []string) string {
	var words []string
	if keys != "" {
		words = append(words, "--keys", keys)
	}
	if !w.since.IsZero() {
		words = append(words, "--since", w.since.UTC().Format(time.RFC3339Nano))
	}
	if !w.until.IsZero() {
		words = append(words, "--until", w.until.UTC().Format(time.RFC3339Nano))
	}
	for i, word := range words {
		words[i] = quoted(word)
	}
	for _, name := range names {
		words = append(words, quoted(name))
	}
	return strings.Join(words, " ")
}

// quoted returns a word in the form that a shell needs.
func quoted(word string) string {
	plain := func(r rune) bool {
		return r < 0x80 && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:=,@%+", r))
	}
	if word != "" && strings.IndexFunc(word, func(r rune) bool { return !plain(r) }) < 0 {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}
