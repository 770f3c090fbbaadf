package servicemap

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"example.com/clew/internal/timeline"
)

// JSON writes the graph as one JSON object and a newline. Each member, node, edge, break and trace
// has a line of its own. Control and format characters are escaped.
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
	_, err = to.Write(append(inLines([]byte(timeline.Harmless(string(text)))), '\n'))
	return err
}

// Limits of what ReadJSON accepts.
const (
	maxMap   = 128 << 20 // bytes
	maxParts = 100_000   // nodes, edges or breaks; each is larger in memory than in the file
	maxCount = 1 << 53
)

var errNoMap = errors.New("it is no map: clew map -o json writes one")

// ReadJSON reads what [Graph.JSON] has written, without the traces. If the text is no map, or a
// map of another version, the error says so. Names may be anything, because no view trusts them.
func ReadJSON(from io.Reader) (*Graph, error) { return readJSON(from, maxMap) }

func readJSON(from io.Reader, most int64) (*Graph, error) {
	limited := &io.LimitedReader{R: from, N: most}
	r := mapReader{d: json.NewDecoder(limited), seen: map[string]bool{}}
	err := r.read()
	switch {
	case err != nil && limited.N == 0:
		return nil, fmt.Errorf("it is larger than %d MB: no map of clew is that large", most>>20)
	case errors.Is(err, errNoMap) || errors.Is(err, errVersion):
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("the map is damaged: %w", err)
	}
	return &r.graph, nil
}

// mapReader reads a map, one node or edge after another.
type mapReader struct {
	d     *json.Decoder
	graph Graph
	seen  map[string]bool // the members that were read
}

func (r *mapReader) read() error {
	if first, err := r.d.Token(); err != nil || first != json.Delim('{') {
		return errNoMap
	}
	for r.d.More() {
		key, err := r.d.Token()
		if err != nil {
			return r.failed(err)
		}
		name, _ := key.(string)
		r.seen[name] = true
		if err := r.member(name); err != nil {
			return r.failed(err)
		}
	}
	if _, err := r.d.Token(); err != nil {
		return r.failed(err)
	}
	if r.d.More() {
		return errors.New("there is more text behind it")
	}
	if err := r.failed(nil); err != nil {
		return err
	}
	return r.graph.check()
}

var errVersion = errors.New("it was made by another version of clew")

// failed returns the error to report for err. If the text is no map, or a map of another version,
// the error says that.
func (r *mapReader) failed(err error) error {
	switch {
	case r.seen["version"] && r.graph.Version > 0 && r.graph.Version != Version:
		return fmt.Errorf("%w: it has the form %d, and this clew knows the form %d. Make it again from the same lines", errVersion, r.graph.Version, Version)
	case err == nil && !(r.seen["version"] && r.graph.Version == Version && r.seen["by"] && r.seen["nodes"] && r.seen["edges"]), err != nil && !r.seen["version"]:
		return errNoMap
	}
	return err
}

// isScalar has the members that are no lists. Unknown members are skipped: a later clew may write
// them.
var isScalar = map[string]bool{
	"version": true, "by": true, "from": true, "until": true, "lines": true, "no_id": true, "traces": true, "requests": true, "calls": true, "jobs": true, "untold": true,
}

// member reads the value of a member.
func (r *mapReader) member(name string) error {
	g := &r.graph
	switch name {
	case "nodes":
		return readList(r.d, func(n Node) { g.Nodes = append(g.Nodes, n) })
	case "edges":
		return readList(r.d, func(e Edge) { g.Edges = append(g.Edges, e) })
	case "breaks":
		return readList(r.d, func(b Break) { g.Breaks = append(g.Breaks, b) })
	case "traced":
		return readList(r.d, func(struct{}) {})
	}
	var value json.RawMessage
	if err := r.d.Decode(&value); err != nil || !isScalar[name] {
		return err
	}
	text, err := json.Marshal(map[string]json.RawMessage{name: value})
	if err != nil {
		return err
	}
	return json.Unmarshal(text, g)
}

// readList reads a list, one element after another.
func readList[T any](d *json.Decoder, keep func(T)) error {
	first, err := d.Token()
	switch {
	case err != nil:
		return err
	case first != json.Delim('['):
		return errors.New("what should be a list is something else")
	}
	for n := 0; d.More(); n++ {
		if n == maxParts {
			return fmt.Errorf("a list has more than %d elements", maxParts)
		}
		var part T
		if err := d.Decode(&part); err != nil {
			return err
		}
		keep(part)
	}
	_, err = d.Token()
	return err
}

// check returns an error if a count is impossible. Durations may be anything, because whoever
// writes a line may write any duration.
func (g *Graph) check() error {
	if g.By != "service" && g.By != "route" {
		return errors.New(`it is neither by "service" nor by "route"`)
	}
	if !areCounts(g.Lines, g.NoID, g.Traces, g.Requests, g.Calls, g.Jobs, g.Untold.Callers, g.Untold.Room) {
		return errors.New("a count is negative or too large")
	}
	nodes := map[string]bool{}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		nodes[n.Name] = true
		if !areCounts(n.Lines, n.NoID, n.Requests, n.Roots, n.Errors, n.Jobs, n.Bytes) || !areCounts(n.Took.Count) {
			return fmt.Errorf("a number of the node %.100q is negative or too large", n.Name)
		}
	}
	for i := range g.Edges {
		e := &g.Edges[i]
		if !nodes[e.From] || !nodes[e.To] {
			return fmt.Errorf("the edge from %.100q to %.100q has an end that is no node", e.From, e.To)
		}
		if !areCounts(e.Calls, e.Errors, e.Refused, e.Retries, e.Answered, e.Told, e.Guessed, e.Bytes) || !areCounts(e.Took.Count) {
			return fmt.Errorf("a number of the edge from %.100q to %.100q is negative or too large", e.From, e.To)
		}
	}
	for i := range g.Breaks {
		if b := &g.Breaks[i]; !areCounts(b.Count, b.Of) {
			return fmt.Errorf("a number of the break at %.100q is negative or too large", b.To)
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
