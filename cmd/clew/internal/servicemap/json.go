package servicemap

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"example.com/clew/internal/timeline"
)

// JSON writes the graph as one JSON object, with a member, a node, an edge, a break or a trace a
// line, and a newline behind it. Control and format characters are escaped.
func (g *Graph) JSON(to io.Writer) error {
	whole := *g
	whole.Version = Version
	if whole.Nodes == nil {
		whole.Nodes = []Node{}
	}
	if whole.Edges == nil {
		whole.Edges = []Edge{}
	}
	if whole.Breaks == nil {
		whole.Breaks = []Break{}
	}
	if whole.Traced == nil {
		whole.Traced = []Trace{}
	}
	return writeJSON(to, whole)
}

func writeJSON(to io.Writer, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("servicemap: %w", err)
	}
	_, err = to.Write(append(lined([]byte(timeline.Harmless(string(text)))), '\n'))
	return err
}

// lined puts members of the outer object, and elements of its lists, on lines of their own. Lines
// make two maps easy to compare.
func lined(text []byte) []byte {
	var b bytes.Buffer
	b.Grow(len(text) + len(text)/50)
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		if quoted {
			b.WriteByte(c)
			if c == '\\' {
				i++
				b.WriteByte(text[i])
			}
			quoted = c != '"'
			continue
		}
		switch c {
		case '"':
			quoted = true
		case '{', '[':
			if depth++; depth == 1 || depth == 2 && c == '[' && text[i+1] != ']' {
				b.WriteByte(c)
				b.WriteString("\n  "[:1+depth])
				continue
			}
		case '}', ']':
			if depth--; depth == 0 {
				b.WriteByte('\n')
			} else if depth == 1 && c == ']' && text[i-1] != '[' {
				b.WriteString("\n ")
			}
		case ',':
			if depth == 1 || depth == 2 && inList(text, i) {
				b.WriteByte(c)
				b.WriteString("\n  "[:1+depth])
				continue
			}
		case ':':
			if depth == 1 {
				b.WriteString(": ")
				continue
			}
		}
		b.WriteByte(c)
	}
	return b.Bytes()
}

// inList tells whether the comma at i of depth 2 is one of a list of objects.
func inList(text []byte, i int) bool {
	return text[i-1] == '}' && text[i+1] == '{'
}

// What ReadJSON takes at most.
const (
	maxMap   = 64 << 20 // bytes
	maxParts = 100_000  // nodes, edges, breaks
	maxCount = 1 << 53
)

// list is a JSON array that is not too long: a few bytes of a file must not become many in memory.
type list[T any] []T

func (l *list[T]) UnmarshalJSON(text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	first, err := d.Token()
	if err != nil {
		return err
	}
	if first != json.Delim('[') {
		return errors.New("a list is something else")
	}
	for d.More() {
		if len(*l) == maxParts {
			return fmt.Errorf("it has more than %d nodes, edges or breaks", maxParts)
		}
		var part T
		if err := d.Decode(&part); err != nil {
			return err
		}
		*l = append(*l, part)
	}
	return nil
}

// ReadJSON reads what [Graph.JSON] has written, without the traces. What was written by another
// version, or is no map, is an error that says so. Names may be anything: no view trusts them.
func ReadJSON(from io.Reader) (*Graph, error) {
	text, err := io.ReadAll(io.LimitReader(from, maxMap+1))
	if err != nil {
		return nil, err
	}
	if len(text) > maxMap {
		return nil, fmt.Errorf("it is larger than %d MB: no map of clew is", maxMap>>20)
	}
	var head struct {
		Version *int            `json:"version"`
		By      *string         `json:"by"`
		Edges   json.RawMessage `json:"edges"`
	}
	if err := json.Unmarshal(text, &head); err != nil || head.Version == nil || head.By == nil || head.Edges == nil {
		return nil, errors.New("it is no map: clew map -o json writes one")
	}
	if *head.Version != Version {
		return nil, fmt.Errorf("it is a map of version %d, and this clew knows version %d: make it again from the same lines", *head.Version, Version)
	}
	type plain Graph
	var g Graph
	var form = struct {
		*plain
		Nodes  list[Node]      `json:"nodes"`
		Edges  list[Edge]      `json:"edges"`
		Breaks list[Break]     `json:"breaks"`
		Traced json.RawMessage `json:"traced"`
	}{plain: (*plain)(&g)}
	if err := json.Unmarshal(text, &form); err != nil {
		return nil, fmt.Errorf("the map is damaged: %w", err)
	}
	g.Nodes, g.Edges, g.Breaks = form.Nodes, form.Edges, form.Breaks
	if err := g.check(); err != nil {
		return nil, fmt.Errorf("the map is damaged: %w", err)
	}
	return &g, nil
}

// check tells whether the numbers can be those of a map.
func (g *Graph) check() error {
	if g.By != "service" && g.By != "route" {
		return errors.New(`it is neither by "service" nor by "route"`)
	}
	if !areCounts(g.Lines, g.NoID, g.Traces, g.Requests, g.Calls, g.Jobs, g.Untold.Callers, g.Untold.Room) || !areTimes(g.Untold.Share) {
		return errors.New("a count is not possible")
	}
	nodes := map[string]bool{}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		nodes[n.Name] = true
		if !areCounts(n.Lines, n.NoID, n.Requests, n.Roots, n.Errors, n.Jobs, n.Bytes) || !n.Took.possible() {
			return fmt.Errorf("a number of the node %.100q is not possible", n.Name)
		}
	}
	for i := range g.Edges {
		e := &g.Edges[i]
		if !nodes[e.From] || !nodes[e.To] {
			return fmt.Errorf("the edge from %.100q to %.100q has an end that is no node", e.From, e.To)
		}
		if !areCounts(e.Calls, e.Errors, e.Refused, e.Retries, e.Answered, e.Told, e.Guessed, e.Bytes) || !e.Took.possible() {
			return fmt.Errorf("a number of the edge from %.100q to %.100q is not possible", e.From, e.To)
		}
	}
	for i := range g.Breaks {
		if b := &g.Breaks[i]; !areCounts(b.Count, b.Of) {
			return fmt.Errorf("a number of the break at %.100q is not possible", b.To)
		}
	}
	return nil
}

func areCounts(numbers ...int64) bool {
	for _, n := range numbers {
		if n < 0 || n > maxCount {
			return false
		}
	}
	return true
}

func areTimes(numbers ...float64) bool {
	for _, n := range numbers {
		if !(n >= 0) || math.IsInf(n, 0) {
			return false
		}
	}
	return true
}

func (q *Quantiles) possible() bool {
	ok := areCounts(q.Count)
	for _, v := range []Value{q.P50, q.P95, q.P99, q.Max} {
		ok = ok && areTimes(v.Is, v.Low, v.High)
	}
	return ok
}
