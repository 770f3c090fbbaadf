package main

import (
	"encoding/hex"
	"fmt"
	"strings"

	"example.com/clew/internal/line"
)

// tree is who called whom, by the log lines of requests and calls alone.
type tree struct {
	spans map[string]*said // by their IDs
	below map[string][]*said
	roots []*said // called by nobody who has a line
}

// treeOf finds out who called whom. The lines of calls and of requests stand in the order in which
// these ended.
func treeOf(lines []said) *tree {
	t := &tree{spans: map[string]*said{}, below: map[string][]*said{}}
	for i := range lines {
		if _, ok := parentOf(&lines[i]); ok {
			t.spans[lines[i].SpanID] = &lines[i]
		}
	}
	for i := range lines {
		l := &lines[i]
		parent, ok := parentOf(l)
		switch {
		case !ok:
		case t.spans[parent] == nil:
			t.roots = append(t.roots, l)
		default:
			t.below[parent] = append(t.below[parent], l)
		}
	}
	return t
}

// parentOf is the parent of the span that l is the line of; ok is false if l is of none.
func parentOf(l *said) (id string, ok bool) {
	switch r := l.Record.(type) {
	case *line.Request:
		return hex.EncodeToString(r.ParentID[:]), true
	case *line.Call:
		return hex.EncodeToString(r.ParentID[:]), true
	}
	return "", false
}

// above is the span that l's span is below; nil: none.
func (t *tree) above(l *said) *said {
	parent, _ := parentOf(l)
	return t.spans[parent]
}

func (t *tree) String() string {
	var b strings.Builder
	var write func(level string, spans []*said)
	write = func(level string, spans []*said) {
		if len(level) > 20 { // a circle
			return
		}
		for _, l := range spans {
			switch r := l.Record.(type) {
			case *line.Request:
				fmt.Fprintf(&b, "%s%s %s %s %d\n", level, l.Service, r.Method, r.Route, r.Status)
			case *line.Call:
				callee := r.Path
				if r.Plain {
					callee = r.Host
				}
				fmt.Fprintf(&b, "%s-> %s %s\n", level, r.Method, callee)
			}
			write(level+"  ", t.below[l.SpanID])
		}
	}
	write("  ", t.roots)
	return b.String()
}

// wantTree is the tree of a request.
func wantTree(c call) string {
	return strings.ReplaceAll(`  media-api GET /media/{id} 200
    -> GET /bandwidth/N
      network-information GET /bandwidth/{id} 200
    -> GET /images/N
      image-store GET /images/{id} 200
        -> GetItem dynamodb
`, "N", c.media)
}
