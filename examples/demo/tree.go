package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"example.com/clew/internal/line"
	"example.com/clew/internal/timeline"
)

// treeOf returns the tree of calls that follows from the lines alone.
func treeOf(lines []said) *timeline.Tree {
	parser := timeline.NewParser(timeline.ParserConfig{Source: "demo", Zone: time.Local}) // logctx.Console writes local times without a day
	var entries []*timeline.Entry
	for i := range lines {
		entries = append(entries, parser.Parse(timeline.Raw{Text: []byte(lines[i].text), Number: i + 1}), parser.Flush())
	}
	var id timeline.ID
	if len(lines) > 0 {
		id, _ = timeline.ParseID(lines[0].TraceID)
	}
	return timeline.NewTree(timeline.NewTrace(id, entries))
}

// writePage writes the tree as a page for a browser.
func writePage(t *timeline.Tree, name string) error {
	file, err := os.Create(name)
	if err != nil {
		return err
	}
	err = t.HTML(file, timeline.HTMLConfig{})
	return errors.Join(err, file.Close())
}

// outline returns the tree without times: a line for each call and each request.
func outline(t *timeline.Tree) string {
	var b strings.Builder
	level := map[*timeline.Span]string{}
	for _, s := range t.Spans { // parents come first
		indent := "  "
		if s.Parent != nil {
			indent = level[s.Parent]
		}
		level[s] = indent
		if s.Made { // a caller outside of the services has no line
			continue
		}
		level[s] += "  "
		fmt.Fprintf(&b, "%s%s%s\n", indent, title(s), map[bool]string{true: " (guessed)"}[s.Guess])
	}
	return b.String()
}

func title(s *timeline.Span) string {
	switch r := s.Report.Record.(type) {
	case *line.Request:
		return fmt.Sprintf("%s %s %s %d", s.Service, r.Method, r.Route, r.Status)
	case *line.Call:
		callee := r.Path
		if r.Plain {
			callee = r.Host
		}
		return fmt.Sprintf("-> %s %s", r.Method, callee)
	}
	return s.Operation
}

// wantOutline returns the expected outline of a request's tree.
func wantOutline(c call) string {
	return strings.ReplaceAll(`  media-api GET /media/{id} 200
    -> GET /bandwidth/N
      network-information GET /bandwidth/{id} 200
    -> GET /images/N
      image-store GET /images/{id} 200
        -> GetItem dynamodb
`, "N", c.media)
}
